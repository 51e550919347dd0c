# SPDX-License-Identifier: BSD-2-Clause
"""Checks that the shared library can be loaded late: its thread-local memory is found without a
call, so it must fit into what the loader keeps for latecomers, 1.6 KB for all of them.

usage: tls_size.py LIBRARY
"""
import re
import subprocess
import sys

MOST = 1200

headers = subprocess.run(["readelf", "-lW", sys.argv[1]], check=True, capture_output=True,
                         text=True, env={"LC_ALL": "C"}).stdout
sizes = [int(size, 16) for size in re.findall(r"^\s*TLS(?:\s+0x[0-9a-f]+){4}\s+(0x[0-9a-f]+)",
                                              headers, re.MULTILINE)]
print(f"thread-local memory: {sizes} bytes; {MOST} at most")
sys.exit(0 if len(sizes) == 1 and sizes[0] <= MOST else 1)
