// SPDX-License-Identifier: BSD-2-Clause
// A list against std::list.
#include "base/list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <list>
#include <random>
#include <vector>

namespace pool9::test {
namespace {

using base::list_link;

std::vector<const list_link*> members_of(base::list& l) {
  std::vector<const list_link*> members;
  for (list_link* m = l.begin(); m != l.end(); m = m->next) members.push_back(m);
  return members;
}

TEST(List, IsBornEmpty) {
  base::list l;
  EXPECT_EQ(l.begin(), l.end());
}

TEST(List, KeepsTheOrderInWhichMembersCame) {
  base::list l;
  std::array<list_link, 3> m;
  for (list_link& link : m) l.push_back(link);

  EXPECT_EQ(members_of(l), (std::vector<const list_link*>{&m[0], &m[1], &m[2]}));
}

TEST(List, InsertsBehindAMemberOrAtItsFront) {
  base::list l;
  std::array<list_link, 3> m;
  l.push_back(m[0]);
  base::list::insert_after(m[0], m[1]);
  base::list::insert_after(*l.end(), m[2]);

  EXPECT_EQ(members_of(l), (std::vector<const list_link*>{&m[2], &m[0], &m[1]}));
}

TEST(List, AMemberThatWasRemovedIsInNoList) {
  base::list l;
  list_link m;
  EXPECT_EQ(m.next, nullptr);
  l.push_back(m);
  EXPECT_NE(m.next, nullptr);

  base::list::remove(m);

  EXPECT_EQ(m.next, nullptr);
  EXPECT_EQ(l.begin(), l.end());
}

TEST(List, AgreesWithStdListAfterRandomSteps) {
  base::list l;
  std::list<const list_link*> model;
  std::array<list_link, 40> links;
  std::mt19937_64 random(7);
  for (int step = 0; step < 5000; ++step) {
    list_link& m = links[random() % links.size()];
    if (m.next != nullptr) {
      base::list::remove(m);
      model.remove(&m);
    } else if (model.empty() || random() % 2 == 0) {
      l.push_back(m);
      model.push_back(&m);
    } else {
      const auto where = std::next(model.begin(), static_cast<long>(random() % model.size()));
      base::list::insert_after(const_cast<list_link&>(**where), m);
      model.insert(std::next(where), &m);
    }
    const auto members = members_of(l);
    ASSERT_TRUE(std::equal(members.begin(), members.end(), model.begin(), model.end())) << step;
  }
}

}
}
