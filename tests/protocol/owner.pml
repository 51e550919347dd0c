// SPDX-License-Identifier: BSD-2-Clause
// A thread that has a magazine.  It gets and puts, visits the pool when it must, and asks the pool,
// with a recall, when a visit yields nothing.
//
// OWNERS_STOP   it may stop for ever, in mid-operation, but not while it holds the lock
// THREADS_END   it may end: another one begins in its place
// BULK_GETS     it asks the pool without a look into its magazine, too

#ifndef LIVES  // see lifetime.pml
#define alive true
#endif
#ifdef OWNERS_STOP
#define may_stop true
#else
#define may_stop false
#endif

#define me own[o]

// What was loaded early, or memory.
#define looks_open(o) (own[o].early || !mag[own[o].magazine].closed)
#ifdef NO_LOOK_AFTER_GET
#define looks_open_to_get(o) true
#else
#define looks_open_to_get(o) looks_open(o)
#endif
#ifdef NO_LOOK_AFTER_PUT
#define looks_open_to_put(o) true
#else
#define looks_open_to_put(o) looks_open(o)
#endif

#ifdef REOPEN_WHILE_WAITED_FOR
#define is_calm true
#else
#define is_calm (n_waiting == 0)
#endif
// A parked one is opened with what it holds, which is issued then.
#define can_open(m) (mag[m].state == UNUSED || \
                     (mag[m].state == PARKED && is_of_pool(m) && \
                      n_issued() + mag[m].left <= LIMIT))

inline look_early(o) {
#ifdef EARLY_LOOKS
  if
  :: own[o].early                // with an earlier look
  :: own[o].early -> own[o].early = 0
  :: !own[o].early && own[o].magazine != NONE && !mag[own[o].magazine].closed &&
     !mag[own[o].magazine].fenced -> own[o].early = 1
  :: !own[o].early
  fi
#else
  skip
#endif
}

/// get.3 and put.3.
inline publish(o, new_top, what) {
  store(o, TOP, new_top);
  own[o].top = new_top;
  own[o].doing = what;
  if
  :: mag[own[o].magazine].fenced -> pass_barrier(o)  // the store is sequentially consistent
  :: else
  fi
}

/// A put is called, with any item that is out.
inline begin_put(o) {
  if
  :: out & 1 -> own[o].item = 1
  :: out & 2 -> own[o].item = 2
  :: out & 4 -> own[o].item = 3
  fi;
  out = out & ~bit_of(own[o].item);
  own[o].doing = PUTTING
}

/// A call returns: a get that has an item with that.
inline finish(o) {
  if
  :: own[o].doing == POPPED ->
     G2_nothing_is_handed_out_twice = !(out & bit_of(own[o].item));
     assert(G2_nothing_is_handed_out_twice);
     out = out | bit_of(own[o].item)
  :: else
  fi;
  own[o].item = 0;
  own[o].doing = IDLE
}

/// A call returns that has not visited the pool.
inline finish_fast(o) {
  G4_nobody_overtakes = (own[o].doing != POPPED || n_waiting == 0);
  assert(G4_nobody_overtakes);
  G4_no_wakeup_is_lost = (own[o].doing != PUSHED || n_waiting == 0);
  assert(G4_no_wakeup_is_lost);
  G8_items_of_the_dead_stay_dead = is_of_pool(own[o].magazine);
  assert(G8_items_of_the_dead_stay_dead);
  finish(o)
}

/// Its thread ends.
inline close_own(m) {
  mag[m].closed = 1;
  mag[m].recalled = 1;
  mag[m].taken = mag[m].top;
  mag[m].left = mag[m].top
}

inline open(o, m) {
  mag[m].state = HELD;
  mag[m].pool_id = pool_id;
  mag[m].fenced = !works;
  mag[m].top = mag[m].left;
  own[o].top = mag[m].left;
  mag[m].left = 0;
  mag[m].closed = 0
}

/// Half a magazine from the pages, and pops one.
inline refill_and_pop(o, m) {
  do
  :: own[o].top < CAPACITY / 2 + 1 && pages && n_issued() < LIMIT ->
     take_from_pages();
     mag[m].array[own[o].top] = x_;
     own[o].top++
  :: else -> break
  od;
  if
  :: own[o].top > 0 ->
     own[o].top--;
     own[o].item = mag[m].array[own[o].top];
     own[o].doing = POPPED
  :: else
  fi;
  mag[m].top = own[o].top
}

/// Pushes; what was pushed first goes to the pages if there is no room.
inline stow(o, m) {
  if
  :: own[o].top == CAPACITY ->
     give(mag[m].array[0]);
     for (i_ : 1 .. CAPACITY - 1) {
       mag[m].array[i_ - 1] = mag[m].array[i_]
     }
     own[o].top--
  :: else
  fi;
  mag[m].array[own[o].top] = own[o].item;
  own[o].top++;
  own[o].doing = IDLE;
  mag[m].top = own[o].top
}

proctype owner(byte o) {
  byte t, m;
begin:
  atomic {
    if
    :: alive -> me.doing = GETTING; goto get
    :: alive && out -> begin_put(o); goto put
#ifdef BULK_GETS
    :: alive -> me.doing = GETTING; goto ask
#endif
#ifdef THREADS_END
    :: me.doing = ENDING; goto ending
#endif
    :: may_stop -> goto stopped
    fi
  };

get:
  atomic {
    look_early(o);
get_1: t = me.top;
    if
    :: t > 0 ->
get_2: d_step { read_array(o, t - 1, me.item) }
    :: else -> goto visit
    fi
  };
  atomic {
    me.n_stores < DEPTH ->
get_3: d_step { publish(o, t - 1, POPPED) };
    t = 0
  };
  atomic {
    if
    :: looks_open_to_get(o) ->
get_4: d_step { finish_fast(o) };
       goto begin
    :: !looks_open_to_get(o) -> goto visit
    :: may_stop -> goto stopped
    fi
  };

put:
  atomic {
    look_early(o);
put_1: t = me.top;
    if
    :: me.magazine == NONE || t == CAPACITY -> t = 0; goto visit
    :: else
    fi
  };
  atomic {
    me.n_stores < DEPTH ->
put_2: d_step { store(o, t, me.item) }
  };
  atomic {
    if
    :: me.n_stores < DEPTH ->
put_3: d_step { publish(o, t + 1, PUSHED) };
       t = 0
    :: may_stop -> goto stopped
    fi
  };
  atomic {
    if
    :: looks_open_to_put(o) ->
put_4: d_step { finish_fast(o) };
       goto begin
    :: !looks_open_to_put(o) -> goto visit
    :: may_stop -> goto stopped
    fi
  };

#ifdef THREADS_END
ending:
#ifdef LIVES
  // Under the registry's lock: either the pool is gone, or it stays until its lock was had.
  atomic {
    !registry_lock;
    m = me.magazine;
    if
    :: m == NONE -> me.doing = IDLE; goto begin
    :: m != NONE && is_of_pool(m) -> pins++
    :: is_dead(m) -> d_step { let_go(o, m, UNUSED); m = 0 }; me.doing = IDLE; goto begin
    fi;
    m = 0
  };
#endif
#endif

visit:
  atomic {
    if
    :: !lock -> lock = 1
    :: may_stop -> goto stopped
    fi;
    d_step { pass_barrier(o) };
    m = me.magazine;
#ifdef LIVES
    if
#ifdef END_PARKS_WITH_THE_DEAD
    :: is_dead(m) && me.doing == ENDING -> d_step { let_go(o, m, PARKED) }; m = NONE
#endif
    :: is_dead(m) ->
#ifdef DEAD_MAGAZINE_TAKEN_FOR_NEW
       mag[m].pool_id = pool_id
#else
settle_1: d_step { let_go(o, m, UNUSED) };
       m = NONE;
       if
       :: me.doing == POPPED -> me.doing = GETTING; me.item = 0
       :: me.doing == PUSHED -> me.doing = PUTTING
       :: else
       fi
#endif
    :: else
    fi;
#endif
    if
    :: m == NONE
    :: m != NONE && !mag[m].closed && me.doing != ENDING
    :: m != NONE && (mag[m].closed || me.doing == ENDING) ->
       if
       :: !mag[m].closed -> d_step { close_own(m) }
       :: me.doing == POPPED && me.top < mag[m].taken ->
settle_2: me.doing = GETTING;
          me.item = 0
       :: me.doing == PUSHED ->
settle_3: d_step { give_pushed(m) };
          me.doing = IDLE
       :: else
       fi;
settle_4: d_step { let_go(o, m, PARKED) };
       serve()
    fi;
    if
    :: me.magazine == NONE && is_calm && (me.doing == GETTING || me.doing == PUTTING) ->
       if
       :: can_open(0) -> m = 0
       :: can_open(1) -> m = 1
#if MAGAZINES > 2
       :: can_open(2) -> m = 2
#endif
       :: true -> m = NONE
       fi;
       if
       :: m != NONE ->
attach_1: d_step { open(o, m) };
attach_2: me.magazine = m
       :: else
       fi
    :: else
    fi;
    m = me.magazine;
    if
    :: m != NONE && me.doing == GETTING -> d_step { refill_and_pop(o, m) }
    :: m != NONE && me.doing == PUTTING -> d_step { stow(o, m) }
    :: m == NONE && me.doing == PUTTING -> d_step { give(me.item) }; me.doing = IDLE; serve()
    :: else
    fi;
    m = 0;
    unlock();
#ifdef LIVES
    if
    :: me.doing == ENDING -> pins--
    :: else
    fi;
#endif
    if
    :: me.doing == GETTING -> goto ask
    :: else -> d_step { finish(o) }; goto begin
    fi
  };

ask:
  atomic {
    if
    :: !lock -> lock = 1
    :: may_stop -> goto stopped
    fi;
    d_step { pass_barrier(o) };
    if
    :: n_waiting == 0 && can_take(1) -> goto served
    :: else
    fi
  };
  recall();
  atomic {
    take_over();
    if
    :: n_waiting == 0 && can_take(1) ->
served:
       skip;
       d_step {
         take();
         me.item = x_;
         me.doing = POPPED
       }
    :: else -> check_failure()
    fi;
    d_step { finish(o) };
    unlock();
    goto begin
  };

stopped:
end_stopped:
  false
}
