// SPDX-License-Identifier: BSD-2-Clause
// The parts of Asio that are used, with the executor spelled out: no type erasure on the way of
// every operation.
#pragma once
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/strand.hpp>
#include <chrono>
#include <system_error>

namespace httpd {

using executor = asio::io_context::executor_type;
using strand = asio::strand<executor>;
using tcp = asio::ip::tcp;
using socket_type = asio::basic_stream_socket<tcp, executor>;
using clock = std::chrono::steady_clock;

}  // namespace httpd
