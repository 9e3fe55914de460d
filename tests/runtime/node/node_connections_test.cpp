// Why a node that answers can't take part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/node/node_connections.hpp"
#include "tests/runtime/node/noted_port.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(node_connections, all_that_is_missing_is_one_list) {
  auto node = ready_node("b", 1);
  node.entry.control = "b:5554";
  cluster_models models;
  models.add_local({.name = "main", .weights_digest = "1"});
  EXPECT_THAT(objections_to(node, {.node = "b"}, models), IsEmpty());
  EXPECT_THAT(objections_to(node, {.protocol = node_protocol + 1, .node = "b"}, models),
              ElementsAre(HasSubstr("install the same version on both")));
  EXPECT_THAT(objections_to(node, {.node = "c"}, models),
              ElementsAre("at b:5554 answers the node 'c'; are two addresses mixed up?"));
  node_welcome welcome{.node = "b", .models = {{.name = "main", .weights_digest = "2"}}, .missing = {"no kind"}};
  EXPECT_THAT(objections_to(node, welcome, models),
              ElementsAre("no kind", HasSubstr("model 'main' has other weights")));
}

} // namespace
