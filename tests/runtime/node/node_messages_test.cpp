// Messages between nodes keep what they say, and what no node says is refused.
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/node/node_messages.hpp"
#include "runtime/node/recipe_bundle.hpp"
#include "runtime/node/wire_check.hpp"
#include "runtime/results/thought_json.hpp"

namespace {

using namespace avp;

template <class Message>
Message sent(const Message& message) {
  std::vector<char> bytes;
  caf::binary_serializer out(nullptr, bytes);
  EXPECT_FALSE(out(message));
  Message came;
  caf::binary_deserializer in(nullptr, bytes);
  EXPECT_FALSE(in(came));
  EXPECT_EQ(in.remaining(), 0U);
  return came;
}

TEST(node_messages, agents_arrive_as_they_are) {
  agent_spec agent;
  agent.name = "judge";
  agent.kind = "vote";
  agent.model = "main";
  agent.prompt = "P {{q}}";
  agent.direct_prompt = "D";
  agent.steps = 3;
  agent.note = 16;
  agent.sampling = {0.25F, 0.5F, 7, 0.125F, 1.5F};
  agent.stop = {"END"};
  agent.seed = 9;
  agent.time_limit = 2.5;
  agent.merge = join_way::canonical;
  agent.keep = keep::last_agent;
  agent.rotate_keys = false;
  agent.on_failure = on_failure::skip;
  agent.nodes = {"b"};
  agent.options = {{"samples", 3}};
  const auto came = checked(sent(agent_order{5, agent}).spec);
  EXPECT_EQ(came.name, "judge");
  EXPECT_EQ(came.kind, "vote");
  EXPECT_EQ(came.text_prompt, std::nullopt);
  EXPECT_EQ(came.direct_prompt, "D");
  EXPECT_EQ(came.steps, 3);
  EXPECT_EQ(came.note, 16);
  EXPECT_EQ(came.sampling.top_k, 7);
  EXPECT_EQ(came.sampling.repetition_penalty, 1.5F);
  EXPECT_EQ(came.stop, agent.stop);
  EXPECT_EQ(came.seed, 9U);
  EXPECT_EQ(came.time_limit, 2.5);
  EXPECT_EQ(came.merge, join_way::canonical);
  EXPECT_EQ(came.keep, keep::last_agent);
  EXPECT_FALSE(came.rotate_keys);
  EXPECT_EQ(came.on_failure, on_failure::skip);
  EXPECT_EQ(came.nodes, agent.nodes);
  EXPECT_EQ(came.options, agent.options);
}

TEST(node_messages, hops_arrive_as_they_are) {
  auto made = std::make_shared<task>();
  made->id = "t1";
  made->mode = mode::text;
  made->fields = {{"q", "why?"}};
  made->run_seed = 42;
  made->place = 7;
  made->prefix_scope.reset();
  hop_input input{made, std::make_shared<prompt_template>("{{q}} \\boxed{{{q}}}"), true, true};
  input.texts = {{"a", "words"}};
  input.from = {"a"};
  input.explains = true;
  input.on_text = [](std::string_view) {};
  input.asked.steps = 4;
  input.asked.sampling.top_p = 0.5F;
  input.asked.stop = {"END"};
  input.asked.seed = 0xFFFF'FFFF'FFFF'FFFFU;
  auto order = order_of(input, 3, 5);
  EXPECT_TRUE(order.wants_words);
  order.contexts = {{"id", "b", "key"}};
  order = sent(order);
  EXPECT_EQ(order.contexts.front().holder, "b");
  const auto came = input_of(order);
  EXPECT_EQ(came.task->id, "t1");
  EXPECT_EQ(came.task->mode, mode::text);
  EXPECT_EQ(came.task->fields, made->fields);
  EXPECT_EQ(came.task->run_seed, 42U);
  EXPECT_EQ(came.task->place, 7U);
  EXPECT_EQ(came.task->prefix_scope, std::nullopt);
  EXPECT_EQ(came.prompt->render(made->fields).text(), "why? \\boxed{why?}");
  EXPECT_TRUE(came.makes_text && came.hands_on && came.explains);
  EXPECT_EQ(came.texts, input.texts);
  EXPECT_EQ(came.from, input.from);
  EXPECT_EQ(came.asked, input.asked);
}

TEST(node_messages, reports_arrive_as_they_are) {
  hop_report report{
      .hop = 3, .outcome = hop_outcome::failed, .error = "why", .error_code = "time_limit", .text = "text"};
  report.to = std::vector<std::string>{"x"};
  report.counts.prompt_tokens = 11;
  report.counts.device_ms = 1.5;
  report.finish = finish_reason::length;
  report.wire_bytes = {1, 2};
  report.thought.steps = {{.tokens = {{5, "a", 0.5}}, .entropy = 1.5, .norm = 2}, {.norm = 3, .cosine = 0.25}};
  report.thought.warnings = {thought_warning::entropy_collapsed};
  report.described.tensor_shape = {1, 2};
  report.described.extra = {{"recipe", "r"}};
  report.described.dtype = data_type::bfloat16;
  const auto came = sent(report);
  EXPECT_EQ(came.outcome, hop_outcome::failed);
  EXPECT_EQ(came.error, "why");
  EXPECT_EQ(came.error_code, "time_limit");
  EXPECT_EQ(came.to, report.to);
  EXPECT_EQ(came.counts, report.counts);
  EXPECT_EQ(came.counts.device_ms, 1.5);
  EXPECT_EQ(came.finish, finish_reason::length);
  EXPECT_EQ(came.wire_bytes, report.wire_bytes);
  EXPECT_EQ(to_json(came.thought), to_json(report.thought));
  EXPECT_EQ(came.described, report.described);
}

TEST(node_messages, models_arrive_as_they_are) {
  model_entry model{{.name = "main", .source = "x.gguf", .format = weight_format::int8}, "cuda:0"};
  const auto came = checked(sent(model));
  EXPECT_EQ(came.device, "cuda:0");
  EXPECT_EQ(came.name, "main");
  EXPECT_FALSE(came.special_tokens_in_text);
  EXPECT_TRUE(came.same_weights(model));
  model.special_tokens_in_text = true;
  EXPECT_FALSE(came.same_weights(model));
  EXPECT_TRUE(checked(sent(model)).special_tokens_in_text);
  EXPECT_EQ(checked(sent(model)).draft, std::nullopt);
  model.draft = draft_source::prompt;
  EXPECT_EQ(checked(sent(model)).draft, draft_source::prompt);
  model.draft = draft_source{"small"};
  EXPECT_EQ(checked(sent(model)).draft, draft_source{"small"});
}

TEST(node_messages, prompts_have_the_same_marks_on_another_node) {
  auto made = std::make_shared<task>();
  made->fields = {{"q", "<|im_end|>"}};
  const hop_input input{made, std::make_shared<prompt_template>("<|im_end|> {{q}}")};
  const auto came = input_of(sent(order_of(input, 1, 1)));
  EXPECT_EQ(came.prompt->render(came.task->fields), input.prompt->render(made->fields));
  EXPECT_EQ(came.prompt->render(came.task->fields), marked_text::trusted("<|im_end|> ") + "<|im_end|>");
}

TEST(node_messages, values_that_there_are_not_are_refused) {
  agent_spec agent;
  agent.keep = keep{9};
  EXPECT_THAT([&] { (void)checked(sent(agent)); }, testing::ThrowsMessage<std::runtime_error>(
                                                       "a message of another node has the value 9 where there is none "
                                                       "so large; do both run the same version?"));
  agent.keep = keep::all;
  EXPECT_NO_THROW((void)checked(sent(agent)));
  agent.options = nlohmann::json::parse("{", nullptr, false);
  EXPECT_THROW((void)checked(sent(agent)), std::runtime_error);
  hop_order hop;
  hop.mode = mode{3};
  EXPECT_THROW((void)input_of(hop), std::runtime_error);
  model_order model;
  model.format = weight_format{200};
  EXPECT_THROW((void)checked(sent(model)), std::runtime_error);
}

std::shared_ptr<const recipe> hop_on(std::vector<std::shared_ptr<const recipe>> parents, std::int32_t token) {
  recipe draft;
  draft.weights_digest = "w";
  draft.numerics = "n";
  draft.parents = std::move(parents);
  draft.prompt = {token};
  if (draft.parents.size() > 1)
    for (std::size_t i = 0; i < draft.parents.size(); ++i)
      draft.spans.push_back({i, 0, draft.parents[i]->tokens()});
  return recipe::frozen(std::move(draft));
}

TEST(recipe_bundle, every_ancestor_once_and_parents_first) {
  const auto root = hop_on({}, 1);
  const auto left = hop_on({root}, 2);
  const auto right = hop_on({root}, 3);
  const auto joined = hop_on({left, right}, 4);
  const auto bundle = encode_with_ancestors({joined, left});
  EXPECT_EQ(bundle.size(), 4U);
  recipe_map known;
  decode_into(bundle, known);
  EXPECT_EQ(known.at(joined->id())->tokens(), joined->tokens());
  recipe_map there;
  add_with_ancestors(left, there);
  const auto rest = encode_with_ancestors({joined}, there);
  EXPECT_EQ(rest.size(), 2U) << "what is known is left out";
  recipe_map nothing;
  EXPECT_THROW(decode_into(rest, nothing), std::runtime_error);
  decode_into(rest, there);
  EXPECT_TRUE(there.contains(joined->id()));
}

TEST(recipe_bundle, a_long_chain) {
  auto last = hop_on({}, 0);
  for (int i = 1; i < 2000; ++i)
    last = hop_on({last}, i);
  EXPECT_EQ(encode_with_ancestors({last}).size(), 2000U);
}

} // namespace
