// SPDX-License-Identifier: BSD-2-Clause
// Two owners, each of which recalls when it finds nothing free, and with VISITOR a third thread
// that does nothing else than to recall and to take an item.
//
// That a recall waits for nobody is what spin calls a valid end state: where the owners have
// stopped and nothing can move any more, nobody is left waiting in the middle of a recall.
#include "magazine.pml"
#include "owner.pml"

/// It has no magazine.  What it gets, an owner puts.
proctype visitor() {
  do
  :: atomic { !lock -> lock = 1 };
     recall();
     atomic {
       take_over();
       if
       :: can_take(1) -> d_step { take(); out = out | bit_of(x_) }
       :: else -> check_failure()
       fi;
       unlock()
     }
  od
}

init {
  atomic {
    pages = EVERY_ITEM;
    own[0].magazine = NONE;
    own[1].magazine = NONE;
    run owner(0);
    run owner(1);
#ifdef VISITOR
    run visitor()
#endif
  }
}
