// The models of a node, from run to run.
#include <gmock/gmock.h>

#include "runtime/node/node_models.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/runtime/node/exchange_nodes.hpp"

namespace {

using namespace avp;
using namespace avp::test;

class node_models_test : public exchange_test {
protected:
  model_order order(const std::string& name, std::uint64_t seed, std::optional<draft_source> draft = {}) {
    const auto file = folder_.path() / (name + std::to_string(seed) + ".gguf");
    model_order made{write_model(runnable_gguf("qwen2", seed), file), "cpu"};
    made.name = name;
    made.draft = std::move(draft);
    return made;
  }

  hosted_models load(const std::vector<model_order>& orders) {
    auto loaded = models_.load(orders);
    EXPECT_THAT(loaded.missing, testing::IsEmpty());
    EXPECT_EQ(loaded.by_name.size(), orders.size());
    return loaded;
  }

  node_models models_{system_, node_config{.name = "b"}};
};

TEST_F(node_models_test, stay_for_the_next_run) {
  const auto first = load({order("main", 1), order("other", 2)}), second = load({order("main", 1), order("other", 3)});
  EXPECT_EQ(second.by_name.at("main").device, first.by_name.at("main").device);
  EXPECT_NE(second.by_name.at("other").device, first.by_name.at("other").device);
}

TEST_F(node_models_test, that_guess_are_loaded_with_those_that_they_guess_for) {
  const draft_source small{"small"};
  const auto first = load({order("main", 1, small), order("small", 2)}),
             same = load({order("main", 1, small), order("small", 2)}),
             other = load({order("main", 3, small), order("small", 2)});
  for (const auto* models : {&first, &same, &other})
    EXPECT_EQ(models->by_name.at("small").device, models->by_name.at("main").device);
  EXPECT_EQ(same.by_name.at("main").device, first.by_name.at("main").device);
  EXPECT_NE(other.by_name.at("main").device, first.by_name.at("main").device);
}

TEST_F(node_models_test, that_cannot_guess_are_said_to) {
  const auto loaded = models_.load({order("main", 1, draft_source{"absent"})});
  EXPECT_THAT(loaded.missing, testing::ElementsAre(testing::HasSubstr("there is no such model on device 'cpu'")));
}

} // namespace
