// Places of agents in the picture of a flow.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/report/flow_chart.hpp"
#include "runtime/report/graph_layout.hpp"

namespace avp {
namespace {

using testing::HasSubstr;
using testing::Not;

const layout_sizes sizes;

bool overlap(const layout_point& a, const layout_point& b) {
  return std::abs(a.x - b.x) < sizes.node_width && std::abs(a.y - b.y) < sizes.node_height;
}

void check(std::size_t nodes, const std::vector<layout_edge>& edges) {
  const auto layout = lay_out(nodes, edges);
  ASSERT_EQ(layout.nodes.size(), nodes);
  ASSERT_EQ(layout.edges.size(), edges.size());
  for (std::size_t a = 0; a < nodes; ++a) {
    EXPECT_GE(layout.nodes[a].x, sizes.node_width / 2);
    EXPECT_LE(layout.nodes[a].x, layout.width - sizes.node_width / 2);
    EXPECT_GE(layout.nodes[a].y, sizes.node_height / 2);
    EXPECT_LE(layout.nodes[a].y, layout.height - sizes.node_height / 2);
    for (std::size_t b = a + 1; b < nodes; ++b)
      EXPECT_FALSE(overlap(layout.nodes[a], layout.nodes[b])) << a << " and " << b;
  }
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto& from = layout.nodes[edges[i].from];
    const auto& to = layout.nodes[edges[i].to];
    EXPECT_LT(from.x, to.x);
    ASSERT_GE(layout.edges[i].size(), 2U);
    EXPECT_EQ(layout.edges[i].front().x, from.x + sizes.node_width / 2);
    EXPECT_EQ(layout.edges[i].front().y, from.y);
    EXPECT_EQ(layout.edges[i].back().x, to.x - sizes.node_width / 2);
    EXPECT_EQ(layout.edges[i].back().y, to.y);
    for (std::size_t step = 1; step < layout.edges[i].size(); ++step)
      EXPECT_LT(layout.edges[i][step - 1].x, layout.edges[i][step].x);
  }
}

TEST(graph_layout, shapes) {
  check(1, {});
  check(4, {{0, 1}, {1, 2}, {2, 3}});
  check(6, {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 5}, {2, 5}, {3, 5}, {4, 5}});
  check(5, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {0, 4}, {0, 2}, {1, 4}});
  check(3, {});
}

TEST(graph_layout, an_edge_that_passes_a_layer_runs_around_its_nodes) {
  const auto layout = lay_out(3, {{0, 1}, {1, 2}, {0, 2}});
  const auto& way = layout.edges[2];
  ASSERT_EQ(way.size(), 4U);
  EXPECT_EQ(way[1].y, way[2].y);
  EXPECT_GE(std::abs(way[1].y - layout.nodes[1].y), sizes.node_height);
}

TEST(graph_layout, order_with_fewest_crossings) {
  // Two chains whose ends are named crosswise.
  const auto layout = lay_out(4, {{0, 3}, {1, 2}});
  EXPECT_EQ(layout.nodes[0].y < layout.nodes[1].y, layout.nodes[3].y < layout.nodes[2].y);
}

TEST(graph_layout, nonsense_is_left_out) {
  EXPECT_EQ(lay_out(0, {}).width, 0);
  const auto layout = lay_out(2, {{0, 5}, {1, 1}, {0, 1}});
  EXPECT_TRUE(layout.edges[0].empty());
  EXPECT_TRUE(layout.edges[1].empty());
  EXPECT_EQ(layout.edges[2].size(), 2U);
  const auto cycle = lay_out(2, {{0, 1}, {1, 0}});
  EXPECT_EQ(cycle.nodes.size(), 2U);
}

TEST(flow_chart, edges_say_how_they_hand_over) {
  plan planned;
  planned.output = "judge";
  planned.agents = {
      {.name = "a", .kind = "think"}, {.name = "<b>", .kind = "generate"}, {.name = "judge", .kind = "generate"}};
  planned.agents[1].contexts_from = {"a"};
  planned.edges = {{"a", "judge", hand_over::context}, {"<b>", "judge", hand_over::text}};
  const auto picture = flow_chart(planned, {{"a", "small"}, {"judge", "large"}});
  EXPECT_THAT(picture, HasSubstr("a → judge: context"));
  EXPECT_THAT(picture, HasSubstr("&lt;b&gt; → judge: text"));
  EXPECT_THAT(picture, HasSubstr("&lt;b&gt; continues the context of a"));
  EXPECT_THAT(picture, HasSubstr("think · small"));
  EXPECT_THAT(picture, HasSubstr("generate · large"));
  EXPECT_THAT(picture, HasSubstr("judge: generate · large, gives the answer"));
  EXPECT_THAT(picture, Not(HasSubstr("<b>")));
}

TEST(flow_chart, a_continuation_between_layers_runs_below_the_boxes) {
  plan planned;
  planned.output = "c";
  planned.agents = {{.name = "a", .kind = "think"}, {.name = "b", .kind = "think"}, {.name = "c", .kind = "generate"}};
  planned.edges = {{"a", "b", hand_over::context}, {"b", "c", hand_over::context}};
  const auto height = [&] {
    const auto picture = flow_chart(planned, {});
    const auto at = picture.find("height=\"") + 8;
    return std::stod(picture.substr(at));
  };
  const auto before = height();
  planned.agents[2].contexts_from = {"b", "a"};
  EXPECT_GT(height(), before);
  EXPECT_THAT(flow_chart(planned, {}), HasSubstr("c continues the context of a"));
  planned.agents[2].contexts_from = {"nobody"};
  EXPECT_EQ(height(), before);
}

} // namespace
} // namespace avp
