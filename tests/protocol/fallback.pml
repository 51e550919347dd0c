// SPDX-License-Identifier: BSD-2-Clause
// The barrier fails, at first or after magazines were opened that count on it.  The owners'
// accesses to magazines that are opened later are sequentially consistent, and those need none.
#include "magazine.pml"
#include "owner.pml"

proctype denial() {
  works = 0
}

init {
  atomic {
    pages = EVERY_ITEM;
    own[0].magazine = NONE;
    own[1].magazine = NONE;
    run owner(0);
    run owner(1);
    run denial()
  }
}
