// SPDX-License-Identifier: BSD-2-Clause
// A pool is destroyed and another one comes to be in the same place, with the same slot and the
// same addresses of items, while two threads live on that have magazines of the first.
//
// The user sees to it that no call is in progress and none begins before the new pool is there, and
// knows so by some synchronisation: what the calls stored is in memory.  The end of a thread is no
// call, and may coincide.  What was recalled need not be drawn before a pool ends.
//
// Bound: LIVES pools, one after the other.
#ifndef LIVES
#define LIVES 3
#endif
bit alive = 1;      // calls may begin
bit registry_lock;
byte pins;          // threads that are about to take the lock of the pool
#include "magazine.pml"
#include "owner.pml"

#define is_in_call(o) (own[o].n_stores > 0 || (own[o].doing != IDLE && own[o].doing != ENDING))

inline abandon(m) {
  if
  :: mag[m].state == PARKED ->
     mag[m].state = UNUSED;
     mag[m].pool_id = 0;
     mag[m].left = 0;
     for (i_ : 0 .. CAPACITY - 1) {
       mag[m].array[i_] = 0
     }
  :: else
  fi
}
#define is_left_behind(m) (mag[m].state == PARKED)

proctype destroyer() {
  byte life = 1;
  do
  :: life < LIVES ->
     atomic { alive && !out && !is_in_call(0) && !is_in_call(1) -> alive = 0 };
     registry_lock = 1;
     atomic {
       !lock ->
destroy_1: lock = 1
     };
     recall();
     atomic {
       take_over();
       G2_nothing_is_lost = (n_issued() == 0);
       assert(G2_nothing_is_lost);
       d_step { in_each(abandon); skip };
       pages = 0;
       pool_id = 0;
       unlock();
       registry_lock = 0
     };
     atomic {
       pins == 0 ->
       G8_no_magazine_is_left_behind = !is_any(is_left_behind);
       assert(G8_no_magazine_is_left_behind);
       life++;
destroy_2: pool_id = life;
       pages = EVERY_ITEM;
       alive = 1
     }
  :: else -> break
  od
}

init {
  atomic {
    pages = EVERY_ITEM;
    own[0].magazine = NONE;
    own[1].magazine = NONE;
    run owner(0);
    run owner(1);
    run destroyer()
  }
}
