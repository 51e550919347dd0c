// SPDX-License-Identifier: BSD-2-Clause
// A pool in an epoll loop: items that come while it sleeps make a descriptor readable.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <deque>
#include <mutex>
#include <pool9/pool.hpp>
#include <thread>
#include <utility>

namespace {

class mailbox;

/// A client of the loop that wants an item.
struct request : pool9::waiter {
  request(mailbox& m, int who) noexcept : waiter(&served), where(m), client(who) {}
  static void served(waiter& w, void* item) noexcept;

  mailbox& where;
  const int client;
  void* item = nullptr;
  request* next = nullptr;  // in the mailbox
};

/// The requests that were served, by whatever thread, and the descriptor that tells of them.
class mailbox {
 public:
  mailbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;
  ~mailbox() { ::close(fd_); }
  int fd() const noexcept { return fd_; }

  void drop_in(request& r) noexcept {
    const std::lock_guard lock(mutex_);
    *last_ = &r;
    last_ = &r.next;
    ::eventfd_write(fd_, 1);
  }
  /// Calls f for each request that was served, in that order.
  template <class F>
  void empty(F f) {
    eventfd_t ignored;
    ::eventfd_read(fd_, &ignored);
    request* r = nullptr;
    {
      const std::lock_guard lock(mutex_);
      r = std::exchange(first_, nullptr);
      last_ = &first_;
    }
    while (r != nullptr) f(*std::exchange(r, r->next));
  }

 private:
  const int fd_;
  std::mutex mutex_;
  request* first_ = nullptr;
  request** last_ = &first_;
};

void request::served(waiter& w, void* item) noexcept {
  auto& r = static_cast<request&>(w);
  r.item = item;
  r.where.drop_in(r);
}

}

int main() {
  constexpr int n_clients = 5;
  pool9::pool buffers{{.name = "buffers", .item_size = 4096, .hard_limit = 1}};
  mailbox box;
  const int loop = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {.fd = box.fd()}};
  if (::epoll_ctl(loop, EPOLL_CTL_ADD, box.fd(), &event) != 0) return 1;

  void* const busy = buffers.get();
  std::deque<request> requests;
  for (int client = 0; client < n_clients; ++client)
    if (buffers.get_or_enqueue(requests.emplace_back(box, client)) != nullptr) return 1;
  std::jthread other([&] { buffers.put(busy); });  // somebody else's put, some time

  for (int next = 0; next < n_clients;) {
    if (::epoll_wait(loop, &event, 1, -1) != 1) return 1;
    box.empty([&](request& r) {
      std::printf("client %d has its buffer\n", r.client);
      if (r.client == next) ++next;
      buffers.put(r.item);  // and that serves the next
    });
  }
  ::close(loop);
  return 0;
}
