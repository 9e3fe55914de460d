// The API as clients see it: models, answers, streams, refusals.
#include <set>

#include <caf/send.hpp>

#include "runtime/loaded_pipeline.hpp"
#include "tests/runtime/serve/served.hpp"

namespace {

using namespace avp;
using namespace avp::test;
using testing::HasSubstr;
using testing::Not;

class api_server_test : public served_test {};

TEST_F(api_server_test, models_are_listed_and_found_with_and_without_v1) {
  serve({pipeline_of("echo"), tiny_chain});
  for (const std::string prefix : {"/v1", ""}) {
    const auto list = json::parse(client().Get(prefix + "/models")->body);
    EXPECT_EQ(list.at("object"), "list");
    ASSERT_EQ(list.at("data").size(), 2U);
    const auto& first = list.at("data").at(0);
    EXPECT_EQ(first.at("id"), "echo");
    EXPECT_EQ(first.at("object"), "model");
    EXPECT_EQ(first.at("owned_by"), "avp");
    EXPECT_GT(first.at("created").get<std::int64_t>(), 1'700'000'000);
    EXPECT_EQ(json::parse(client().Get(prefix + "/models/chain")->body).at("id"), "chain");
    EXPECT_EQ(ask(question("x", {{"model", "echo"}}), 200, prefix + "/chat/completions").at("model"), "echo");
  }
  const auto unknown = client().Get("/v1/models/chian");
  EXPECT_EQ(unknown->status, 404);
  EXPECT_THAT(unknown->body, HasSubstr("echo, chain; did you mean \\\"chain\\\"?"));
}

TEST_F(api_server_test, an_unknown_model_is_404_and_names_those_that_there_are) {
  serve({pipeline_of("echo"), tiny_chain});
  const auto error = refused(question("x", {{"model", "gpt-4"}}), "model", 404);
  EXPECT_EQ(error.at("code"), "model_not_found");
  EXPECT_THAT(error.at("message"), HasSubstr("echo, chain"));
  refused(question("x"), "model"); // there are two
}

TEST_F(api_server_test, a_model_need_not_be_named_where_there_is_one) {
  serve({pipeline_of("echo")});
  EXPECT_EQ(ask(question("x")).at("model"), "echo");
  EXPECT_EQ(ask(question("x", {{"model", nullptr}})).at("model"), "echo");
  refused(question("x", {{"model", "other"}}), "model", 404);
}

TEST_F(api_server_test, a_whole_answer_has_what_clients_read) {
  serve({tiny_chain});
  const auto answer = ask(question("What?", {{"model", "chain"}}));
  EXPECT_THAT(answer.at("id").get<std::string>(), testing::StartsWith("chatcmpl-"));
  EXPECT_EQ(answer.at("object"), "chat.completion");
  EXPECT_GT(answer.at("created").get<std::int64_t>(), 1'700'000'000);
  EXPECT_EQ(answer.at("model"), "chain");
  ASSERT_EQ(answer.at("choices").size(), 1U);
  const auto& choice = answer.at("choices").at(0);
  EXPECT_EQ(choice.at("index"), 0);
  EXPECT_EQ(choice.at("message").at("role"), "assistant");
  EXPECT_TRUE(choice.at("logprobs").is_null());
  EXPECT_EQ(choice.at("finish_reason"), "length");
  EXPECT_EQ(last_headers_.find("Content-Type")->second, "application/json");
}

TEST_F(api_server_test, usage_is_that_of_all_agents_with_details_of_each) {
  serve({tiny_chain});
  const auto first = ask(question("What?"));
  const auto& agents = first.at("avp").at("agents");
  ASSERT_EQ(agents.size(), 2U);
  EXPECT_EQ(agents[0].at("name"), "thinker");
  EXPECT_EQ(agents[0].at("latent_steps"), 3);
  EXPECT_EQ(agents[1].at("name"), "judge");
  EXPECT_EQ(first.at("avp").at("mode"), "latent");
  const auto sum = [&](const json& answer, const char* key) {
    return answer.at("avp").at("agents").at(0).at(key).get<int>() +
           answer.at("avp").at("agents").at(1).at(key).get<int>();
  };
  const auto& usage = first.at("usage");
  EXPECT_EQ(usage.at("prompt_tokens"), sum(first, "prompt_tokens"));
  EXPECT_EQ(usage.at("completion_tokens"), sum(first, "completion_tokens"));
  EXPECT_EQ(usage.at("completion_tokens"), 12);
  EXPECT_EQ(usage.at("total_tokens"), usage.at("prompt_tokens").get<int>() + usage.at("completion_tokens").get<int>());
  EXPECT_EQ(usage.at("prompt_tokens_details").at("cached_tokens"), sum(first, "cached_tokens"));
  EXPECT_EQ(usage.at("completion_tokens_details").at("reasoning_tokens"), 0);

  const auto text = ask(question("What?", {{"avp", {{"mode", "text"}}}}));
  EXPECT_EQ(text.at("avp").at("mode"), "text");
  EXPECT_EQ(text.at("usage").at("completion_tokens_details").at("reasoning_tokens"),
            text.at("avp").at("agents").at(0).at("completion_tokens"));
}

TEST_F(api_server_test, an_answer_is_that_of_avp_run_to_the_same_record) {
  serve({tiny_chain});
  const loaded_pipeline here(file(tiny_chain));
  for (const std::string q : {"What is it?", "Why so?"}) {
    const auto expected = here.run({{"q", q}});
    ASSERT_EQ(expected.error, "");
    const auto answer = ask(question(q));
    EXPECT_EQ(text_of_answer(answer),
              json::parse(json(expected.text).dump(-1, ' ', false, json::error_handler_t::replace)));
    EXPECT_EQ(answer.at("avp").at("task"), expected.task);
  }
}

TEST_F(api_server_test, a_stream_says_the_same_in_the_order_that_clients_want) {
  serve({tiny_chain});
  const auto whole = ask(question("What?"));
  const auto all = chunks(stream(question("What?")));
  ASSERT_GE(all.size(), 3U);
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].at("id"), all[0].at("id"));
    EXPECT_EQ(all[i].at("created"), all[0].at("created"));
    EXPECT_EQ(all[i].at("object"), "chat.completion.chunk");
    EXPECT_EQ(all[i].at("model"), "chain");
    EXPECT_FALSE(all[i].contains("usage"));
    ASSERT_EQ(all[i].at("choices").size(), 1U);
    const auto& choice = all[i].at("choices").at(0);
    EXPECT_EQ(choice.at("finish_reason").is_null(), i + 1 < all.size());
    EXPECT_EQ(choice.at("delta").contains("role"), i == 0);
    if (i + 1 < all.size())
      text += choice.at("delta").at("content").get<std::string>();
    else
      EXPECT_EQ(choice.at("delta"), json::object());
  }
  EXPECT_EQ(all[0].at("choices").at(0).at("delta"), (json{{"role", "assistant"}, {"content", ""}}));
  EXPECT_EQ(all.back().at("choices").at(0).at("finish_reason"), "length");
  EXPECT_EQ(text, text_of_answer(whole));
  EXPECT_EQ(all.back().at("avp").at("agents").size(), 2U);
}

TEST_F(api_server_test, a_stream_tells_usage_only_when_asked_to_and_in_a_chunk_of_its_own) {
  serve({tiny_chain});
  const auto all = chunks(stream(question("What?", {{"stream_options", {{"include_usage", true}}}})));
  const auto whole = ask(question("What?"));
  ASSERT_GE(all.size(), 4U);
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    EXPECT_TRUE(all[i].at("usage").is_null());
  EXPECT_EQ(all.back().at("choices"), json::array());
  EXPECT_EQ(all.back().at("usage").at("completion_tokens"), whole.at("usage").at("completion_tokens"));
  for (const auto& options : {json(nullptr), json::object(), json{{"include_usage", false}}})
    EXPECT_FALSE(chunks(stream(question("What?", {{"stream_options", options}}))).back().contains("usage"));
}

TEST_F(api_server_test, an_agent_that_does_not_stream_is_told_at_its_end) {
  serve({pipeline_of("echo")});
  const auto all = chunks(stream(question("so and so")));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].at("choices").at(0).at("delta").at("content"), "so and so");
  EXPECT_EQ(all[2].at("choices").at(0).at("finish_reason"), "stop");
}

TEST_F(api_server_test, contents_come_in_all_forms) {
  serve({pipeline_of("echo", "{{q}}|{{history}}")});
  const auto said = [&](const json& messages) { return text_of_answer(ask({{"messages", messages}})); };
  const auto parts = json::array({{{"type", "text"}, {"text", "one "}}, {{"type", "text"}, {"text", "two"}}});
  EXPECT_EQ(said({{{"role", "user"}, {"content", parts}}}), "one two|");
  EXPECT_EQ(said({{{"role", "user"}, {"content", nullptr}}}), "|");
  EXPECT_EQ(said({{{"role", "developer"}, {"content", "be good"}},
                  {{"role", "system"}, {"content", parts}},
                  {{"role", "user"}, {"content", "first"}},
                  {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", json::array()}},
                  {{"role", "tool"}, {"content", "42"}, {"tool_call_id", "x"}},
                  {{"role", "assistant"}, {"content", "it is 42"}},
                  {{"role", "user"}, {"content", "second"}}}),
            "second|System: be good\n\nSystem: one two\n\nUser: first\n\nTool: 42\n\nAssistant: it is 42");
}

TEST_F(api_server_test, messages_that_can_t_be_read_are_refused_by_their_place) {
  serve({pipeline_of("echo")});
  refused(json::object(), "messages");
  refused({{"messages", json::array()}}, "messages");
  refused({{"messages", "x"}}, "messages");
  refused({{"messages", {{{"role", "assistant"}, {"content", "x"}}}}}, "messages");
  refused({{"messages", {{{"role", "king"}, {"content", "x"}}}}}, "messages[0].role");
  refused({{"messages", {{{"role", "user"}, {"content", 3}}}}}, "messages[0].content");
  refused({{"messages", {"x"}}}, "messages[0]");
  const auto image = json::array({{{"type", "image_url"}, {"image_url", {{"url", "x"}}}}});
  const auto error = refused({{"messages", {{{"role", "user"}, {"content", image}}}}}, "messages[0].content");
  EXPECT_THAT(error.at("message"), HasSubstr("image_url"));
}

TEST_F(api_server_test, what_can_t_be_served_is_refused_by_name) {
  serve({tiny_chain});
  const auto tool = json::array({{{"type", "function"}, {"function", {{"name", "f"}}}}});
  const auto check = [&](const json& more, const std::string& param) { refused(question("x", more), param); };
  check({{"tools", tool}}, "tools");
  check({{"tools", tool}, {"tool_choice", "auto"}}, "tools");
  check({{"functions", tool}}, "functions");
  check({{"response_format", {{"type", "json_object"}}}}, "response_format");
  check({{"logprobs", true}}, "logprobs");
  check({{"top_logprobs", 3}}, "top_logprobs");
  check({{"presence_penalty", 0.5}}, "presence_penalty");
  check({{"frequency_penalty", 0.5}}, "frequency_penalty");
  check({{"logit_bias", {{"1", 2}}}}, "logit_bias");
  check({{"n", 0}}, "n");
  check({{"temperature", -1}}, "temperature");
  check({{"temperature", "hot"}}, "temperature");
  check({{"top_p", 2}}, "top_p");
  check({{"max_tokens", 0}}, "max_tokens");
  check({{"max_tokens", 1.5}}, "max_tokens");
  check({{"seed", "x"}}, "seed");
  check({{"stop", 3}}, "stop");
  check({{"stop", {""}}}, "stop");
  check({{"stream", "yes"}}, "stream");
  check({{"avp", {{"mode", "latnt"}}}}, "avp.mode");
  check({{"avp", {{"steps", -1}}}}, "avp.steps");
  check({{"avp", {{"id", ""}}}}, "avp.id");
  check({{"avp", {{"fields", 3}}}}, "avp.fields");
  check({{"avp", 3}}, "avp");
}

TEST_F(api_server_test, what_clients_send_without_need_is_left_aside) {
  serve({tiny_chain});
  const auto tool = json::array({{{"type", "function"}, {"function", {{"name", "f"}}}}});
  const auto usual = text_of_answer(ask(question("x")));
  json more = {{"user", "u"},
               {"metadata", {{"a", 1}}},
               {"store", true},
               {"parallel_tool_calls", false},
               {"no_such_field", {1, 2}},
               {"tools", tool},
               {"tool_choice", "none"},
               {"response_format", {{"type", "text"}}},
               {"logprobs", false},
               {"top_logprobs", 0},
               {"presence_penalty", 0},
               {"logit_bias", json::object()}};
  for (const auto* name : {"max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "seed", "n", "stream",
                           "stream_options", "functions", "function_call", "frequency_penalty", "avp", "model"})
    more[name] = nullptr;
  EXPECT_EQ(text_of_answer(ask(question("x", more))), usual);
  EXPECT_EQ(text_of_answer(ask(question("x", {{"tools", json::array()}}))), usual);
}

TEST_F(api_server_test, settings_are_those_of_the_answering_agent) {
  serve({tiny_chain});
  const auto answer = ask(question("x", {{"max_tokens", 3}, {"avp", {{"mode", "text"}}}}));
  EXPECT_EQ(answer.at("avp").at("agents").at(0).at("completion_tokens"), 12);
  EXPECT_EQ(answer.at("avp").at("agents").at(1).at("completion_tokens"), 3);
  EXPECT_EQ(answer.at("choices").at(0).at("finish_reason"), "length");
  EXPECT_EQ(ask(question("x", {{"max_tokens", 9}, {"max_completion_tokens", 2}})).at("usage").at("completion_tokens"),
            2);
  EXPECT_EQ(ask(question("x", {{"avp", {{"steps", 7}}}})).at("avp").at("latent_steps"), 7);

  const auto greedy = json{{"temperature", 0}};
  const auto text = text_of_answer(ask(question("x", greedy)));
  EXPECT_EQ(text_of_answer(ask(question("x", {{"temperature", 1}, {"top_p", 0}, {"seed", 1}}))), text);
  EXPECT_EQ(text_of_answer(ask(question("x", {{"temperature", 1.0}, {"top_k", 1}, {"seed", 2}}))), text);
}

TEST_F(api_server_test, a_stop_string_ends_the_answer) {
  serve({tiny_chain});
  const auto whole = text_of_answer(ask(question("x", {{"max_tokens", 200}, {"seed", 1}})));
  // One that is ASCII, so that it is a string of its own wherever it stands.
  const auto at = std::find_if(whole.begin() + 1, whole.end(), [](unsigned char c) { return c > ' ' && c < 0x7F; });
  ASSERT_NE(at, whole.end()) << whole;
  const std::string stop(1, *at);
  for (const auto& given : {json(stop), json::array({"never there", stop})}) {
    const auto answer = ask(question("x", {{"max_tokens", 200}, {"seed", 1}, {"stop", given}}));
    EXPECT_EQ(text_of_answer(answer), whole.substr(0, whole.find(stop)));
    EXPECT_EQ(answer.at("choices").at(0).at("finish_reason"), "stop");
  }
}

TEST_F(api_server_test, equal_requests_with_equal_seed_give_equal_answers) {
  serve({tiny_chain});
  const auto with_seed = [&](std::int64_t seed) { return text_of_answer(ask(question("x", {{"seed", seed}}))); };
  EXPECT_EQ(with_seed(5), with_seed(5));
  std::set<std::string> others;
  for (const std::int64_t seed : {-1, 5, 6, 7, 8})
    others.insert(with_seed(seed));
  EXPECT_GE(others.size(), 4U);
  EXPECT_EQ(with_seed(3), text_of_answer(ask(question("x")))) << "the file's own seed";
  EXPECT_NE(text_of_answer(ask(question("x", {{"avp", {{"id", "other"}}}}))), with_seed(3));
  EXPECT_EQ(ask(question("x", {{"avp", {{"id", "my own"}}}})).at("avp").at("task"), "my own");
}

TEST_F(api_server_test, several_choices_differ_and_the_first_is_that_of_one) {
  serve({tiny_chain});
  const auto one = ask(question("x"));
  const auto three = ask(question("x", {{"n", 3}}));
  ASSERT_EQ(three.at("choices").size(), 3U);
  EXPECT_EQ(text_of_answer(three, 0), text_of_answer(one));
  const std::set<std::string> texts{text_of_answer(three, 0), text_of_answer(three, 1), text_of_answer(three, 2)};
  EXPECT_EQ(texts.size(), 3U);
  EXPECT_EQ(three.at("usage").at("completion_tokens"), 36);
  EXPECT_EQ(three.at("avp").at("agents").at(5).at("choice"), 2);

  std::vector<std::string> streamed(3);
  std::vector<int> ends(3);
  for (const auto& chunk : chunks(stream(question("x", {{"n", 3}})))) {
    const auto& choice = chunk.at("choices").at(0);
    streamed.at(choice.at("index")) += choice.at("delta").value("content", "");
    ends.at(choice.at("index")) += choice.at("finish_reason").is_null() ? 0 : 1;
  }
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(streamed[i], text_of_answer(three, i));
  EXPECT_EQ(ends, (std::vector<int>{1, 1, 1}));
}

TEST_F(api_server_test, further_fields_come_beside_the_message_and_a_missing_one_is_named) {
  serve({pipeline_of("echo", "{{q}} {{topic}} {{price}}")});
  const auto error = refused(question("x"), "avp.fields.price");
  EXPECT_THAT(error.at("message"), HasSubstr("price, topic"));
  refused(question("x", {{"avp", {{"fields", {{"topic", "t"}, {"price", nullptr}}}}}}), "avp.fields.price");
  refused(question("x", {{"avp", {{"fields", {{"q", "t"}}}}}}), "avp.fields.q");
  const auto answer = client().Post("/v1/chat/completions",
                                    R"({"messages": [{"role": "user", "content": "x"}],
                                        "avp": {"fields": {"topic": "t", "price": 18.00, "more": [1]}}})",
                                    "application/json");
  EXPECT_EQ(text_of_answer(json::parse(answer->body)), "x t 18.00");
}

TEST_F(api_server_test, a_mode_that_a_pipeline_has_no_prompts_for_is_refused_with_the_reason) {
  serve({"flow = [\"a -> b\"]\nname = \"p\"\n[model.m]\nsource = \"tiny.gguf\"\n[agent.a]\nkind = \"think\"\n"
         "prompt = \"{{q}}\"\n[agent.b]\nkind = \"generate\"\nprompt = \"B\"\nmax_new_tokens = 2\n"});
  EXPECT_EQ(ask(question("x")).at("avp").at("mode"), "latent");
  const auto error = refused(question("x", {{"avp", {{"mode", "text"}}}}), "avp.mode");
  EXPECT_THAT(error.at("message"), HasSubstr("it needs a text_prompt"));
  EXPECT_EQ(ask(question("x", {{"avp", {{"mode", "direct"}}}})).at("avp").at("mode"), "direct");
}

TEST_F(api_server_test, a_prompt_that_is_too_long_is_400_whole_and_streamed) {
  serve({tiny_chain});
  for (const bool streamed : {false, true}) {
    const auto body = question(std::string(5000, 'x'), {{"stream", streamed}});
    EXPECT_EQ(refused(body, "messages").at("code"), "context_length_exceeded");
  }
  EXPECT_EQ(refused(question("x", {{"max_tokens", 100000}}), "messages").at("code"), "context_length_exceeded");
  refused({{"prompt", std::string(5000, 'x')}}, "prompt", 400, "/v1/completions");
}

TEST_F(api_server_test, a_failed_pipeline_is_not_to_be_asked_again) {
  serve({pipeline_of("failing")});
  for (const bool streamed : {false, true}) {
    const auto error = refused(question("x", {{"stream", streamed}}), "", 500);
    EXPECT_EQ(error.at("type"), "server_error");
    EXPECT_EQ(error.at("code"), "agent_failed");
    EXPECT_THAT(error.at("message"), HasSubstr("it can't"));
    EXPECT_EQ(last_headers_.find("x-should-retry")->second, "false");
  }
}

TEST_F(api_server_test, completions_take_a_string_or_several) {
  serve({pipeline_of("echo")});
  const auto one = ask({{"prompt", "x"}}, 200, "/v1/completions");
  EXPECT_EQ(one.at("object"), "text_completion");
  EXPECT_THAT(one.at("id").get<std::string>(), testing::StartsWith("cmpl-"));
  EXPECT_EQ(one.at("choices").at(0),
            (json{{"index", 0}, {"text", "x"}, {"logprobs", nullptr}, {"finish_reason", "stop"}}));
  const auto more = ask({{"prompt", {"x", "y"}}, {"n", 2}}, 200, "/completions");
  std::string all;
  for (const auto& choice : more.at("choices"))
    all += std::to_string(choice.at("index").get<int>()) + choice.at("text").get<std::string>();
  EXPECT_EQ(all, "0x1x2y3y");
  const auto streamed = chunks(stream({{"prompt", "x"}}, "/v1/completions"));
  ASSERT_EQ(streamed.size(), 2U);
  EXPECT_EQ(streamed[0].at("choices").at(0).at("text"), "x");
  EXPECT_EQ(streamed[1].at("choices").at(0).at("finish_reason"), "stop");
  for (const auto& prompt : {json(), json::array(), json{1, 2}, json::array({{1, 2}}), json(3)})
    refused({{"prompt", prompt}}, "prompt", 400, "/v1/completions");
  const json not_served = {{"logprobs", 1}, {"echo", true}, {"suffix", "x"}, {"best_of", 2}};
  for (const auto& [name, value] : not_served.items())
    refused({{"prompt", "x"}, {name, value}}, name, 400, "/v1/completions");
}

TEST_F(api_server_test, bodies_that_are_none_get_an_error_object) {
  serve({pipeline_of("echo")});
  const std::string deep(100000, '[');
  for (const std::string body : {"", "{", "[]", "3", "{\"messages\": \"\xFF\"}", deep.c_str()}) {
    const auto answer = client().Post("/v1/chat/completions", body, "application/json");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_EQ(json::parse(answer->body).at("error").at("type"), "invalid_request_error");
  }
  EXPECT_EQ(text_of_answer(ask(question("still there"))), "still there");
}

TEST_F(api_server_test, what_the_http_server_refuses_gets_an_error_object_too) {
  serve({pipeline_of("echo")});
  const auto unknown = client().Get("/v1/nothing");
  EXPECT_EQ(unknown->status, 404);
  EXPECT_EQ(json::parse(unknown->body).at("error").at("type"), "not_found_error");
  const auto wrong = client().Get("/v1/chat/completions");
  EXPECT_EQ(wrong->status, 405);
  EXPECT_TRUE(json::parse(wrong->body).at("error").is_object());
  auto socket = raw_socket::connect(port());
  socket.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n");
  EXPECT_THAT(socket.receive_until("}}"), testing::AllOf(HasSubstr(" 413 "), HasSubstr("\"error\"")));
}

TEST_F(api_server_test, keys_are_asked_for_everywhere_but_at_health) {
  api_options options;
  folder_.write("keys", "# those of the house\n\n one \ntwo\n");
  std::filesystem::permissions(folder_.path() / "keys", std::filesystem::perms::owner_read);
  options.keys = api_keys(folder_.path() / "keys");
  options.cors = "https://app.example";
  serve({pipeline_of("echo")}, options);
  EXPECT_EQ(client().Get("/health")->status, 200);
  for (const auto* path : {"/v1/models", "/metrics", "/nowhere"}) {
    const auto answer = client().Get(path);
    EXPECT_EQ(answer->status, 401);
    EXPECT_EQ(json::parse(answer->body).at("error").at("type"), "authentication_error");
    EXPECT_EQ(answer->get_header_value("Access-Control-Allow-Origin"), "https://app.example");
  }
  const auto with = [&](const std::string& value) {
    return client().Get("/v1/models", {{"Authorization", value}})->status;
  };
  EXPECT_EQ(with("Bearer one"), 200);
  EXPECT_EQ(with("bearer two"), 200);
  for (const auto* wrong : {"Bearer three", "Bearer ", "Bearer", "one", "Basic one", "Bearer one two", "Bearer on"})
    EXPECT_EQ(with(wrong), 401) << wrong;
  const auto preflight = client().Options("/v1/chat/completions");
  EXPECT_EQ(preflight->status, 204);
  EXPECT_THAT(preflight->get_header_value("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
}

TEST_F(api_server_test, without_keys_any_key_will_do_and_no_page_may_ask) {
  serve({pipeline_of("echo")});
  const auto answer = client().Get("/v1/models", {{"Authorization", "Bearer sk-no-key-required"}});
  EXPECT_EQ(answer->status, 200);
  EXPECT_FALSE(answer->has_header("Access-Control-Allow-Origin"));
  EXPECT_EQ(client().Options("/v1/chat/completions")->status, 405);
}

TEST_F(api_server_test, says_that_it_is_loading_until_it_is_ready) {
  bool asked = false;
  serve({tiny_chain}, {}, {}, [&](const tcp_address& at) {
    httplib::Client early("127.0.0.1", at.port);
    for (const auto* path : {"/health", "/v1/models"}) {
      const auto answer = early.Get(path);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->status, 503);
      EXPECT_EQ(json::parse(answer->body).at("error").at("code"), "loading");
    }
    const auto answer = early.Post("/v1/chat/completions", "{}", "application/json");
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->get_header_value("Retry-After"), "2");
    asked = true;
  });
  EXPECT_TRUE(asked);
  EXPECT_EQ(client().Get("/health")->status, 200);
  EXPECT_EQ(client().Get("/health")->body, "{\"status\":\"ok\"}\n");
}

TEST_F(api_server_test, says_that_it_is_broken_when_a_pipeline_can_t_go_on) {
  serve({pipeline_of("endless"), pipeline_of("echo")});
  const auto waiting = sent(question("x", {{"model", "endless"}}));
  ASSERT_TRUE(soon([&] { return metric("avp_tasks{state=\"running\"}") == 1; }));
  const auto& endless = service_->models().find("endless");
  caf::anon_send_exit(endless.asked.at(mode::latent), caf::exit_reason::kill);
  EXPECT_TRUE(soon([&] { return service_->is_broken(); }));
  EXPECT_EQ(json::parse(client().Get("/health")->body).at("error").at("code"), "broken");
  refused(question("x", {{"model", "echo"}}), "", 503);
  EXPECT_EQ(last_headers_.find("x-should-retry")->second, "false");
  EXPECT_THAT(waiting.receive_until("}}"), HasSubstr(" 500 "));
}

TEST_F(api_server_test, metrics_tell_of_devices_and_requests) {
  serve({tiny_chain});
  ask(question("x"));
  refused(json::object(), "messages");
  EXPECT_EQ(metric("avp_requests_done_total{device=\"cpu\"}"), 2);
  EXPECT_EQ(metric("avp_http_requests_total{status=\"200\"}"), 1);
  EXPECT_EQ(metric("avp_http_requests_total{status=\"400\"}"), 1);
  EXPECT_TRUE(is_idle());
}

} // namespace
