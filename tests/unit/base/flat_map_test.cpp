#include "patchbay/base/flat_map.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "patchbay/base/pointer_order.h"

namespace patchbay {
namespace {

TEST(FlatMap, KeepsItsKeysInOrderAndOnce) {
  FlatMap<std::string, int> map{{"b", 2}, {"a", 1}};
  map["c"] += 3;
  map["a"] = 4;
  std::map<std::string, int> seen;
  std::string order;
  for (const auto& [k, v] : map) {
    seen[k] = v;
    order += k;
  }
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(seen, (std::map<std::string, int>{{"a", 4}, {"b", 2}, {"c", 3}}));
  EXPECT_EQ(map.find("bb"), map.end());
  EXPECT_EQ(map.at("b"), 2);
  EXPECT_THROW(map.at("x"), std::out_of_range);
}

struct Named {
  std::string name;
  int value;
};

TEST(PointerOrder, ASetFindsByTheKeyItselfAndReplaces) {
  std::set<std::shared_ptr<const Named>, OrderedBy<&Named::name>> set;
  EXPECT_FALSE(insert_or_replace(set, std::make_shared<const Named>(Named{"b", 1})));
  EXPECT_FALSE(insert_or_replace(set, std::make_shared<const Named>(Named{"a", 2})));
  EXPECT_TRUE(insert_or_replace(set, std::make_shared<const Named>(Named{"b", 3})));
  ASSERT_EQ(set.size(), 2u);
  EXPECT_EQ((*set.begin())->name, "a");
  EXPECT_EQ((*set.find(std::string("b")))->value, 3);
  EXPECT_EQ(set.find("c"), set.end());
}

}  // namespace
}  // namespace patchbay
