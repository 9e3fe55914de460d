// From a pipeline's tables to devices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/run/device_configs.hpp"

namespace avp {
namespace {

pipeline two_devices() {
  pipeline p;
  p.models = {{{.name = "big",
                .source = "a.gguf",
                .format = weight_format::native,
                .kv_dtype = data_type::float32,
                .chat_template = "qwen",
                .model_hash = "abc",
                .draft = draft_source::prompt},
               "cuda:0"},
              {{.name = "small", .source = "b", .layercast = true}},
              {{.name = "idle", .source = "c"}},
              {{.name = "twin", .source = "b"}}};
  p.devices = {{.name = "cpu", .threads = 3, .kv_memory = 4096, .prefix_sharing = false},
               {.name = "cuda:1", .threads = 9}};
  for (const auto* model : {"big", "small", "twin"})
    p.agents.push_back({.name = std::string("on_") + model, .model = model});
  return p;
}

std::vector<plan> plans_of(const pipeline& p) {
  plan all;
  for (const auto& agent : p.agents)
    all.agents.push_back({.name = agent.name});
  return {all};
}

TEST(device_configs, every_key_arrives) {
  const auto p = two_devices();
  const auto configs = device_configs(p, plans_of(p));
  ASSERT_EQ(configs.size(), 2U);
  const auto& cpu = configs[0];
  EXPECT_EQ(cpu.device, "cpu");
  EXPECT_EQ(cpu.threads, 3);
  EXPECT_EQ(cpu.kv_memory, 4096);
  EXPECT_FALSE(cpu.prefix_sharing);
  ASSERT_EQ(cpu.models.size(), 2U) << "nobody runs on 'idle'";
  EXPECT_EQ(cpu.models[0].name, "small");
  EXPECT_EQ(cpu.models[0].format, std::nullopt);
  EXPECT_EQ(cpu.models[0].kv_dtype, std::nullopt);
  EXPECT_TRUE(cpu.models[0].layercast);
  EXPECT_EQ(cpu.models[0].chat_template, "");
  EXPECT_EQ(cpu.models[1].name, "twin");
  const auto& cuda = configs[1];
  EXPECT_EQ(cuda.device, "cuda:0");
  EXPECT_EQ(cuda.threads, std::nullopt);
  EXPECT_EQ(cuda.kv_memory, std::nullopt);
  EXPECT_TRUE(cuda.prefix_sharing);
  const auto& big = cuda.models.at(0);
  EXPECT_EQ(big.source, "a.gguf");
  EXPECT_EQ(big.format, weight_format::native);
  EXPECT_EQ(big.kv_dtype, data_type::float32);
  EXPECT_FALSE(big.layercast);
  EXPECT_EQ(big.chat_template, "qwen");
  EXPECT_EQ(big.model_hash, "abc");
  EXPECT_EQ(big.draft, draft_source::prompt);
  EXPECT_EQ(cpu.models[0].draft, std::nullopt);
}

TEST(device_configs, models_that_no_mode_uses_are_not_loaded) {
  const auto p = two_devices();
  plan direct;
  direct.agents = {{.name = "on_small"}};
  const auto configs = device_configs(p, {direct});
  ASSERT_EQ(configs.size(), 1U);
  EXPECT_EQ(configs[0].models.size(), 1U);
  EXPECT_TRUE(device_configs(p, {}).empty());
}

TEST(same_model, is_what_the_device_would_load_once) {
  pipeline p;
  const model_entry entry{{.name = "a", .source = "s"}};
  const auto same_as_changed = [&](auto change) {
    auto other = entry;
    other.name = "b";
    change(other);
    p.models = {entry, other};
    return p.same_model("a", "b");
  };
  EXPECT_TRUE(same_as_changed([](model_entry&) {}));
  EXPECT_FALSE(same_as_changed([](model_entry& m) { m.source = "t"; }));
  EXPECT_FALSE(same_as_changed([](model_entry& m) { m.device = "cuda:0"; }));
  EXPECT_FALSE(same_as_changed([](model_entry& m) { m.format = weight_format::int8; }));
  EXPECT_FALSE(same_as_changed([](model_entry& m) { m.kv_dtype = data_type::float32; }));
  EXPECT_TRUE(same_as_changed([](model_entry& m) { m.kv_dtype = data_type::bfloat16; })) << "which it has anyway";
  EXPECT_FALSE(same_as_changed([](model_entry& m) { m.layercast = true; }));
  EXPECT_FALSE(same_as_changed([](model_entry& m) { m.model_hash = "claimed"; }));
  EXPECT_FALSE(same_as_changed([](model_entry& m) { m.template_text = "{{ messages }}"; }));
  EXPECT_TRUE(same_as_changed([](model_entry& m) { m.draft = draft_source::prompt; })) << "it changes no context";
}

// Whichever device and mode, a model comes with those that guess for it.
TEST(device_configs, models_that_guess_are_loaded_beside) {
  auto p = two_devices();
  plan one;
  one.agents = {{.name = "on_small"}};
  const auto names = [&] {
    std::vector<std::string> all;
    for (const auto& config : device_configs(p, {one}))
      for (const auto& model : config.models)
        all.push_back(model.name);
    return all;
  };
  EXPECT_THAT(names(), testing::ElementsAre("small"));
  p.models[1].draft = draft_source{"idle"};
  EXPECT_THAT(names(), testing::ElementsAre("small", "idle"));
  p.models[2].draft = draft_source{"twin"}; // which guesses for its own answers
  EXPECT_THAT(names(), testing::ElementsAre("small", "idle", "twin"));
  p.models[3].draft = draft_source{"small"};
  EXPECT_THAT(names(), testing::ElementsAre("small", "idle", "twin"));
}

} // namespace
} // namespace avp
