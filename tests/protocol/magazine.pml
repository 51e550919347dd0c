// SPDX-License-Identifier: BSD-2-Clause
// The cache protocol, modelled: memory and magazines.  pool.pml is the pool under its lock,
// owner.pml a thread with a magazine; recall.pml, waiting.pml, lifetime.pml and fallback.pml are
// the models.
//
// Memory.  What an owner stores goes into its processor's buffer and reaches memory later, one
// store at a time, as the process `memory` likes; the owner itself sees it at once.  A plain store
// may overtake others, a release store nothing that was stored before it: so AArch64 does, and
// x86-64, where nothing overtakes anything, is a special case.  With EARLY_LOOKS a processor may
// also have loaded `closed` when the operation, or one before it, began.  A barrier empties the
// buffer and discards that load.
//
// Steps carry the labels that they have in the code: get_1 is get.1.  What only the owner changes
// and what the pool's lock guards is read and written in one indivisible step, since nobody could
// tell.  A recall is divisible: owners run between its stores, its barriers and its loads, with
// FINE_RECALL even between those for one magazine and for the next.  An owner's buffer is empty
// when it visits the pool: what was in it is not looked at before the lock is released, and by then
// it is empty.
//
// Items are numbered from 1, and 0 is null; a set of items is a word with a bit for each.  `doing`
// and `out` are ghosts: not the program's, but what the properties are stated in.  An item that is
// out may be put by any thread, for users hand items over.
//
// Not modelled: the depth of magazines and how much a visit moves; pages that come and go; counts.
// Whether a calm pool opens a magazine at a visit is left open, since either must be right.  What
// the child of a fork does is what a recaller does whose owners have all stopped for ever.
//
// Bounds: two owners, and as many of everything as is defined here.
#ifndef ITEMS
#define ITEMS 2
#endif
#ifndef LIMIT
#define LIMIT ITEMS
#endif
#ifndef CAPACITY  // of a magazine
#define CAPACITY 2
#endif
#ifndef MAGAZINES
#define MAGAZINES 2
#endif
#ifndef DEPTH  // of a store buffer
#define DEPTH 2
#endif
#define OWNERS 2

#define NONE MAGAZINES  // what the slot holds that has no magazine
#define TOP CAPACITY    // a place in a magazine that is not of its array

#define bit_of(one) (1 << ((one) - 1))
#define count(set) (((set) & 1) + ((set) >> 1 & 1) + ((set) >> 2 & 1) + ((set) >> 3 & 1))

// States of a magazine.
#define UNUSED 0
#define HELD 1  // by an owner: open, or closed and not settled
#define PARKED 2

// What an owner is doing.
#define IDLE 0
#define GETTING 1  // it has nothing yet
#define POPPED 2   // after get.3
#define PUTTING 3  // before put.3
#define PUSHED 4   // after put.3
#define ENDING 5   // its thread ends

typedef magazine_state {
  // in memory
  byte array[CAPACITY];
  byte top;
  bit closed;
  // guarded by the lock
  byte state;
  byte pool_id;
  bit fenced;    // opened without a barrier: its owner's accesses are sequentially consistent
  bit recalled;  // since it was opened: the next two mean something
  byte taken;
  byte left;
};

typedef owner_state {
  byte magazine;  // in its slot
  byte top;       // as it sees it
  byte item;      // in its hand
  byte doing;
  bit early;      // closed == 0 was loaded, for looks to come
  // the store buffer, the oldest first
  byte n_stores;
  byte place[DEPTH];
  byte value[DEPTH];
};

magazine_state mag[MAGAZINES];
owner_state own[OWNERS];

// The names of the properties, after the guarantees.
hidden byte G1_exact_limit;
hidden byte G2_no_false_exhaustion, G2_nothing_is_lost, G2_nothing_is_handed_out_twice;
hidden byte G2_nothing_stays_invisible;
hidden byte G4_oldest_cannot_be_served, G4_nobody_overtakes, G4_no_wakeup_is_lost;
hidden byte G8_items_of_the_dead_stay_dead, G8_no_magazine_is_left_behind;

hidden byte i_, j_, k_, n_, x_, y_, set_;  // within indivisible steps

// ---- Memory

inline store(o, where, what) {
  own[o].place[own[o].n_stores] = where;
  own[o].value[own[o].n_stores] = what;
  own[o].n_stores++
}

inline reach_memory(o, i) {
  if
  :: own[o].place[i] == TOP -> mag[own[o].magazine].top = own[o].value[i]
  :: else -> mag[own[o].magazine].array[own[o].place[i]] = own[o].value[i]
  fi;
  for (j_ : i .. DEPTH - 2) {
    own[o].place[j_] = own[o].place[j_ + 1];
    own[o].value[j_] = own[o].value[j_ + 1]
  }
  own[o].n_stores--;
  own[o].place[DEPTH - 1] = 0;
  own[o].value[DEPTH - 1] = 0
}

inline pass_barrier(o) {
  do
  :: own[o].n_stores > 0 -> reach_memory(o, 0)
  :: else -> break
  od;
  own[o].early = 0
}

#ifdef PUT_STORES_OUT_OF_ORDER
#define may_overtake(o, i, j) (own[o].place[i] != own[o].place[j])
#else
#define may_overtake(o, i, j) (own[o].place[i] != own[o].place[j] && own[o].place[i] != TOP)
#endif
#define may_go(o, i) (own[o].n_stores > i && (i < 1 || may_overtake(o, i, 0)) && \
                      (i < 2 || may_overtake(o, i, 1)))

active proctype memory() {
end_memory:
  do
  :: d_step { may_go(0, 0) -> reach_memory(0, 0) }
  :: d_step { may_go(0, 1) -> reach_memory(0, 1) }
  :: d_step { may_go(1, 0) -> reach_memory(1, 0) }
  :: d_step { may_go(1, 1) -> reach_memory(1, 1) }
#if DEPTH > 2
  :: d_step { may_go(0, 2) -> reach_memory(0, 2) }
  :: d_step { may_go(1, 2) -> reach_memory(1, 2) }
#endif
  od
}

/// What owner `o` finds at index `i` of its magazine's array.
inline read_array(o, i, result) {
  result = mag[own[o].magazine].array[i];
  for (j_ : 0 .. DEPTH - 1) {
    if
    :: j_ < own[o].n_stores && own[o].place[j_] == (i) -> result = own[o].value[j_]
    :: else
    fi
  }
  skip
}

// ---- All magazines

#define is_open(m) (mag[m].state == HELD && !mag[m].closed)
#if MAGAZINES == 3
#define is_any(what) (what(0) || what(1) || what(2))
#define in_each(what) what(0); next what(1); next what(2)
#define sum_of(what) (what(0) + what(1) + what(2))
#else
#define is_any(what) (what(0) || what(1))
#define in_each(what) what(0); next what(1)
#define sum_of(what) (what(0) + what(1))
#endif
#ifdef FINE_RECALL
#define next } d_step {
#else
#define next
#endif

#include "pool.pml"

// ---- Magazines, under the lock

/// What lies in [taken, top) of a closed one is given to the pool.
inline give_pushed(m) {
  do
  :: mag[m].taken < mag[m].top ->
     give(mag[m].array[mag[m].taken]);
     mag[m].taken++
  :: else -> break
  od;
  skip
}

/// Its owner has it no longer.  What matters no more is forgotten, lest states differ by it.
inline let_go(o, m, new_state) {
  mag[m].state = new_state;
  mag[m].fenced = 0;
  mag[m].recalled = 0;
  mag[m].taken = 0;
  mag[m].top = 0;
  if
  :: new_state == UNUSED -> mag[m].left = 0; mag[m].pool_id = 0
  :: else
  fi;
  for (i_ : 0 .. CAPACITY - 1) {
    if
    :: i_ >= mag[m].left -> mag[m].array[i_] = 0
    :: else
    fi
  }
  own[o].magazine = NONE;
  own[o].top = 0
}

// ---- A recall: recall(), and then take_over() and what it is for

inline close_one(m) {
  if
  :: is_open(m) -> mag[m].closed = 1
  :: else
  fi
}

#define needs_barrier(m) (mag[m].state == HELD && !mag[m].recalled && !mag[m].fenced)
#if defined(NO_MEMBARRIER)
#define passes_barrier false
#elif defined(FAILED_BARRIER_IGNORED)
#define passes_barrier works
#else
// If the barrier fails, so much time passes that every store reaches memory.  Nobody looks in the
// meantime, so it may as well get there at once.
#define passes_barrier true
#endif

inline recall() {
  if
  :: is_any(is_open) ->
recall_1: d_step { in_each(close_one) };
     if
     :: passes_barrier && is_any(needs_barrier) ->
recall_2: d_step { pass_barrier(0); next pass_barrier(1) }
     :: else
     fi
  :: else
  fi
#ifdef RECALL_WAITS_FOR_OWNERS
  ; (own[0].doing == IDLE && own[1].doing == IDLE)
#endif
}

inline take_over_one(m) {
  if
  :: mag[m].state == HELD && is_of_pool(m) && !mag[m].recalled ->
     mag[m].recalled = 1;
     mag[m].taken = mag[m].top;
     mag[m].left = mag[m].top
#ifndef CLOSED_ARE_PASSED_OVER
  :: mag[m].state == HELD && is_of_pool(m) && mag[m].recalled -> give_pushed(m)
#endif
  :: else
  fi
}

inline take_over() {
  skip;  // no label can come first
recall_3: d_step { in_each(take_over_one); skip };
#ifdef RECALL_SERVES_NOBODY
  skip
#else
  serve()
#endif
}
