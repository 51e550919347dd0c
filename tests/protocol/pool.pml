// SPDX-License-Identifier: BSD-2-Clause
// The pool under its lock: items in pages, items recalled, those who wait; and what must be true
// whenever the lock is released.

bit lock;
byte pool_id = 1;  // 0: there is none at present
bit works = 1;     // the barrier
byte pages;        // items that are free in the pages
byte out;          // items that gets returned and that no put was called with
byte n_waiting;

// ---- Items

#define EVERY_ITEM ((1 << ITEMS) - 1)

#define is_of_pool(m) (mag[m].pool_id == pool_id)
#define n_recalled_in(m) ((is_of_pool(m) && (mag[m].state == PARKED || mag[m].recalled)) -> \
                          mag[m].left : 0)
#define n_free() (count(pages) + sum_of(n_recalled_in))
#define n_issued() (ITEMS - n_free())  // all others, with what open magazines hold
#define can_take(n) (n_free() >= n && n_issued() + (n) <= LIMIT)

inline give(one) {
  G2_nothing_is_handed_out_twice = !(pages & bit_of(one));
  assert(G2_nothing_is_handed_out_twice);
  pages = pages | bit_of(one)
}

inline take_from_pages() {
  x_ = 1;
  do
  :: !(pages & bit_of(x_)) -> x_++
  :: else -> break
  od;
  pages = pages & ~bit_of(x_)
}

/// Sets x_ to a free item: a recalled one, as long as there are any.  Requires: one is free.
inline take() {
  x_ = 0;
  for (i_ : 0 .. MAGAZINES - 1) {
    if
    :: x_ == 0 && n_recalled_in(i_) > 0 ->
       mag[i_].left--;
       x_ = mag[i_].array[mag[i_].left];
       if
       :: mag[i_].state == PARKED -> mag[i_].array[mag[i_].left] = 0  // nobody reads it again
       :: else
       fi
    :: else
    fi
  }
  if
  :: x_ == 0 -> take_from_pages()
  :: else
  fi
}

// ---- Waiting

#ifdef WAITERS
#define QUEUED 1
#define SERVED 2
typedef waiter_state {
  byte state;
  byte wants;  // so many items at once
  byte got;
};
waiter_state waiter_at[WAITERS];
byte queue[WAITERS];  // the oldest first

inline leave_queue(place) {
  for (i_ : place .. WAITERS - 2) {
    queue[i_] = queue[i_ + 1]
  }
  queue[WAITERS - 1] = 0;
  n_waiting--
}

/// Hands items over as long as the oldest can be served.
inline serve() {
  d_step {
    do
    :: n_waiting > 0 && can_take(waiter_at[queue[0]].wants) ->
       k_ = queue[0];
       do
       :: count(waiter_at[k_].got) < waiter_at[k_].wants ->
          take();
          waiter_at[k_].got = waiter_at[k_].got | bit_of(x_)
       :: else -> break
       od;
       waiter_at[k_].state = SERVED;
       leave_queue(0)
    :: else -> break
    od;
    skip
  }
}
#else
inline serve() { skip }
#endif

// ---- What must be true whenever the lock is released

/// These items are in one more place.
inline these_are_here(items) {
  G2_nothing_is_handed_out_twice = !(set_ & (items));
  assert(G2_nothing_is_handed_out_twice);
  set_ = set_ | (items)
}

/// What is in the magazine of owner `o` as it sees it: n_ items.
inline its_array_is_here(o) {
  x_ = 0;
  do
  :: x_ < n_ ->
     read_array(o, x_, y_);
     these_are_here(bit_of(y_));
     x_++
  :: else -> break
  od
}

// A pushed item that the recaller has not seen is in its owner's hand still; so is a popped one
// that is not the recaller's.
#define is_none(m) (m == NONE)
#define is_dead(m) (m != NONE && !is_of_pool(m))
#define is_pushed_unseen(o, m) (own[o].doing == PUSHED && !is_none(m) && \
                                (is_dead(m) || (mag[m].closed && own[o].top > mag[m].taken)))
#define is_popped(o, m) (own[o].doing == POPPED && own[o].item != 0 && !is_dead(m) && \
                         (is_none(m) || !mag[m].closed || own[o].top >= mag[m].taken))
#define is_in_hand(o, m) (own[o].doing == PUTTING || is_pushed_unseen(o, m) || is_popped(o, m))

/// Every item is in exactly one place, and no more than the limit are issued.
inline check() {
  d_step {
    set_ = pages;
    these_are_here(out);
#ifdef WAITERS
    for (i_ : 0 .. WAITERS - 1) {
      these_are_here(waiter_at[i_].got)
    }
#endif
    for (i_ : 0 .. OWNERS - 1) {
      k_ = own[i_].magazine;
      if
      :: k_ != NONE && is_of_pool(k_) ->
         n_ = (mag[k_].closed -> mag[k_].left : own[i_].top);
         its_array_is_here(i_)
      :: else
      fi;
      if
      :: is_in_hand(i_, k_) -> these_are_here(bit_of(own[i_].item))
      :: else
      fi
    }
    for (i_ : 0 .. MAGAZINES - 1) {
      n_ = (mag[i_].state == PARKED && is_of_pool(i_) -> mag[i_].left : 0);
      for (j_ : 1 .. n_) {
        these_are_here(bit_of(mag[i_].array[j_ - 1]))
      }
    }
    G2_nothing_is_lost = (set_ == (pool_id -> EVERY_ITEM : 0));
    assert(G2_nothing_is_lost);
    G1_exact_limit = (pool_id == 0 || n_issued() <= LIMIT);
    assert(G1_exact_limit);
#ifdef WAITERS
    G4_oldest_cannot_be_served = (n_waiting == 0 || !can_take(waiter_at[queue[0]].wants));
    assert(G4_oldest_cannot_be_served);
#endif
    skip
  }
}

#define unlock() check(); lock = 0

/// When a get fails, after a recall: nothing is free that the pool does not know, and what it knows
/// cannot be taken.  What was pushed by an owner that has not looked yet is known once it is in
/// memory, though that put has not returned and the owner may have stopped for ever.
inline check_failure() {
  d_step {
    G2_no_false_exhaustion = (n_waiting > 0 || (!is_any(is_open) && !can_take(1)));
    assert(G2_no_false_exhaustion);
    for (i_ : 0 .. MAGAZINES - 1) {
      G2_nothing_stays_invisible = !(is_of_pool(i_) && mag[i_].state == HELD &&
                                     mag[i_].top > mag[i_].taken);
      assert(G2_nothing_stays_invisible)
    }
    skip
  }
}
