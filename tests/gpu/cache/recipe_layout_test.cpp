// What positions of contexts are, and which of them are the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/cache/recipe_layout.hpp"

namespace {

using namespace avp;
using history_pointer = std::shared_ptr<const recipe>;

history_pointer hop(std::vector<history_pointer> parents, std::vector<std::int32_t> prompt, int latent_steps = 0,
                    std::vector<std::int32_t> generated = {}) {
  recipe made;
  made.parents = std::move(parents);
  made.prompt = std::move(prompt);
  made.latent_steps = latent_steps;
  made.generated = std::move(generated);
  return recipe::frozen(std::move(made));
}

history_pointer joined(std::vector<history_pointer> parents, std::vector<context_span> spans) {
  recipe made;
  made.parents = std::move(parents);
  made.spans = std::move(spans);
  return recipe::frozen(std::move(made));
}

class recipe_layout_test : public testing::Test {
protected:
  recipe_layouts layouts_;

  std::int64_t common(const history_pointer& a, const history_pointer& b) {
    EXPECT_EQ(common_length(layouts_.of(a), layouts_.of(b)), common_length(layouts_.of(b), layouts_.of(a)));
    return common_length(layouts_.of(a), layouts_.of(b));
  }
};

TEST_F(recipe_layout_test, hops_lie_one_after_another) {
  const auto root = hop({}, {1, 2, 3}, 2);
  const auto& layout = layouts_.of(hop({root}, {4}, 0, {5, 6}));
  ASSERT_EQ(layout.size(), 4U);
  EXPECT_EQ(length_of(layout), 8);
  EXPECT_EQ(layout[1].kind, position_kind::latent);
  EXPECT_EQ(layout[3].tokens()[1], 6);
  const auto part = part_of(layout, {2, 7});
  ASSERT_EQ(part.size(), 4U);
  EXPECT_EQ(part[0].tokens().size(), 1U);
  EXPECT_EQ(part[0].tokens()[0], 3);
  EXPECT_EQ(part[3].length, 1);
}

TEST_F(recipe_layout_test, positions_are_the_same_where_all_before_them_is) {
  const auto root = hop({}, {1, 2, 3}, 2);
  EXPECT_EQ(common(hop({root}, {4, 5}), hop({root}, {4, 6})), 6);
  EXPECT_EQ(common(hop({root}, {7}), hop({hop({}, {1, 2, 3}, 2)}, {7, 8})), 6); // other objects, the same history
  EXPECT_EQ(common(hop({root}, {4}), hop({hop({}, {1, 2, 9}, 2)}, {4})), 2);
  EXPECT_EQ(common(hop({}, {1, 2, 3}, 4), hop({root}, {4})), 5); // a step more
  EXPECT_EQ(common(hop({hop({}, {1, 2})}, {3}), hop({}, {1, 2, 3})), 3);
  EXPECT_EQ(common(hop({}, {1}, 0, {2}), hop({}, {1, 2})), 1); // decoded is not read
}

TEST_F(recipe_layout_test, what_moved_is_the_same_only_as_a_part_of_the_same) {
  const auto root = hop({}, {1, 2});
  const auto a = hop({root}, {3}, 1), b = hop({root}, {4}, 1), c = hop({root}, {5}, 1);
  const auto ab = joined({a, b}, {{0, 0, 4}, {1, 2, 4}});
  EXPECT_EQ(layouts_.of(ab).back().kind, position_kind::moved);
  EXPECT_EQ(common(ab, a), 4);
  EXPECT_EQ(common(ab, joined({a, c}, {{0, 0, 4}, {1, 2, 4}})), 4);
  EXPECT_EQ(common(hop({ab}, {7}), hop({ab}, {8})), 6);
  EXPECT_EQ(common(hop({ab}, {7}), hop({joined({a, b}, {{0, 0, 4}, {1, 2, 4}})}, {7})), 7);
  EXPECT_EQ(common(joined({a}, {{0, 0, 3}}), a), 3);
  EXPECT_EQ(common(joined({a}, {{0, 1, 3}}), a), 0);
  // A span that goes on where all before it is its parent's own beginning did not move.
  EXPECT_EQ(common(joined({a, b}, {{0, 0, 2}, {1, 2, 4}}), b), 4);
}

TEST_F(recipe_layout_test, a_context_is_resumed_before_rows_that_can_run) {
  const auto& layout = layouts_.of(hop({hop({}, {1, 2, 3}, 4)}, {5, 6}, 2)); // 0-2, 3-6 latent, 7-8, 9-10 latent
  EXPECT_EQ(resume_point(layout, 2), 2);
  EXPECT_EQ(resume_point(layout, 5), 2);
  EXPECT_EQ(resume_point(layout, 7), 7);
  EXPECT_EQ(resume_point(layout, 8), 8);
  EXPECT_EQ(resume_point(layout, 9), 8);
  EXPECT_EQ(resume_point(layout, 11), 8); // the last state is wanted
  EXPECT_EQ(resume_point({}, 0), 0);
  recipe bytes;
  bytes.imported = "x";
  bytes.imported_tokens = 9;
  EXPECT_EQ(resume_point(layouts_.of(hop({recipe::frozen(bytes)}, {1, 2})), 5), 0);
}

TEST_F(recipe_layout_test, what_was_thought_and_written_is_known_where_it_moved_to) {
  const auto root = hop({}, {1, 2}, 3);
  const auto a = hop({root}, {3}, 2, {9}), b = hop({root}, {4, 5}, 1); // 5: 6-7, 8; 5-6: 7
  const auto ab = joined({a, b}, {{0, 0, 9}, {1, 5, 8}});
  using ranges = std::vector<position_range>;
  const auto latent = position_kind::latent, decode = position_kind::decode;
  EXPECT_EQ(layouts_.of_kind(latent, ab, {0, 12}), (ranges{{2, 5}, {6, 8}, {11, 12}}));
  EXPECT_EQ(layouts_.of_kind(latent, ab, {7, 12}), (ranges{{7, 8}, {11, 12}}));
  EXPECT_EQ(layouts_.of_kind(latent, joined({ab}, {{0, 10, 12}}), {0, 2}), (ranges{{1, 2}}));
  EXPECT_EQ(layouts_.of_kind(decode, ab, {0, 12}), (ranges{{8, 9}}));
  EXPECT_EQ(layouts_.of_kind(decode, joined({ab}, {{0, 7, 12}}), {0, 5}), (ranges{{1, 2}}));
  EXPECT_FALSE(layouts_.holds_imported(ab, {0, 12}));
}

} // namespace
