// SPDX-License-Identifier: BSD-2-Clause
// Two owners; a patient waiter for one item; and one that wants two at once and gives up at any
// time. With ONE_OWNER or ONE_WAITER there is only the first of each.
//
// wait.2 is the sleep: the waiter comes out of it when it is served, or when its time is out.
#define WAITERS 2
#include "magazine.pml"
#include "owner.pml"

proctype waiter(byte w; bit gives_up) {
begin:
  atomic {
    if
    :: !lock ->
wait_1: lock = 1
    :: may_stop -> goto stopped
    fi
  };
  recall();
  atomic {
    take_over();
    waiter_at[w].state = QUEUED;
    queue[n_waiting] = w;
    n_waiting++;
    serve();
    unlock()
  };
end_asleep:
  atomic {
    if
    :: waiter_at[w].state == SERVED ->
wait_2: skip
    :: gives_up && !lock ->
wait_3: lock = 1;
       if
       :: waiter_at[w].state == QUEUED ->
          waiter_at[w].state = 0;
          d_step { k_ = (queue[0] == w -> 0 : 1); leave_queue(k_) };
          serve()
#ifdef TIMEOUT_IGNORES_HANDOFF
       :: waiter_at[w].state == SERVED -> waiter_at[w].got = 0
#else
       :: waiter_at[w].state == SERVED
#endif
       fi;
       unlock()
    fi;
    d_step {
      out = out | waiter_at[w].got;
      waiter_at[w].got = 0;
      waiter_at[w].state = 0
    };
    goto begin
  };

stopped:
end_stopped:
  false
}

#define n_in_open_of(m) (is_open(m) -> mag[m].top : 0)
#define n_in_open() sum_of(n_in_open_of)

/// When nothing can move any more, nobody waits for what is free, wherever that is.
proctype quiet() {
end_quiet:
  timeout;
  d_step {
    n_ = (n_waiting > 0 -> waiter_at[queue[0]].wants : 0);
    G4_no_wakeup_is_lost = (n_ == 0 || n_free() + n_in_open() < n_ ||
                            n_issued() - n_in_open() + n_ > LIMIT);
    assert(G4_no_wakeup_is_lost)
  }
}

init {
  atomic {
    pages = EVERY_ITEM;
    own[0].magazine = NONE;
    own[1].magazine = NONE;
    waiter_at[0].wants = 1;
    waiter_at[1].wants = 2;
    run owner(0);
#ifndef ONE_OWNER
    run owner(1);
#endif
    run waiter(0, 0);
#ifndef ONE_WAITER
    run waiter(1, 1);
#endif
    run quiet()
  }
}
