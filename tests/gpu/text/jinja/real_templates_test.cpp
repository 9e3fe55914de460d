// Chat templates of many models: what is rendered is what transformers renders.
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/gpu/text/jinja/rendered.hpp"
#include "tests/test_data.hpp"

namespace avp::jinja {
namespace {

using nlohmann::ordered_json;

ordered_json data_of(const std::string& name) {
  std::ifstream file(avp::test::test_data(name));
  return ordered_json::parse(file);
}

std::tm today_of(const ordered_json& data) {
  std::tm today{};
  std::istringstream(data["today"].get<std::string>()) >> std::get_time(&today, "%Y-%m-%d %H:%M:%S");
  std::mktime(&today); // its day of the week
  return today;
}

variables given_to(const ordered_json& model, const ordered_json& conversation) {
  variables given{{"tools", nullptr}, {"documents", nullptr}, {"add_generation_prompt", true}};
  for (const char* token : {"bos_token", "eos_token"})
    if (model.contains(token))
      given.insert_or_assign(token, value::from_json(model[token], origin::trusted));
  for (const auto& [name, held] : conversation.items())
    given.insert_or_assign(name, value::from_json(held, origin::data));
  return given;
}

/// The rendered text; nothing but "error" where there is none, and why in `why`.
std::string text_of(const chat_program& program, const variables& given, std::string& why) {
  try {
    return program.render(given).text();
  } catch (const error& wrong) {
    why = wrong.what();
    return "error";
  }
}

TEST(jinja_real_templates, of_many_families) {
  const auto data = data_of("chat_template_families.json");
  const auto today = today_of(data);
  std::size_t texts = 0;
  std::size_t errors = 0;
  for (const auto& model : data["templates"]) {
    const auto program = chat_program::compile(model["template"].get_ref<const std::string&>());
    for (const auto& [name, conversation] : data["conversations"].items()) {
      auto given = given_to(model, conversation);
      given.insert_or_assign("strftime_now", strftime_function(today));
      const auto& expected = model["results"][name];
      std::string why;
      EXPECT_EQ(text_of(program, given, why), expected.value("text", "error"))
          << model["name"] << ", " << name << ": " << why << " " << expected.value("error", "");
      ++(expected.contains("text") ? texts : errors);
    }
  }
  EXPECT_GT(texts, 600u);
  EXPECT_GT(errors, 50u);
}

TEST(jinja_real_templates, of_one_kind_in_many_words) {
  const auto data = data_of("chat_templates.json");
  std::size_t cases = 0;
  for (const auto& model : data["templates"]) {
    const auto program = chat_program::compile(model["template"].get_ref<const std::string&>());
    for (const auto& one : model["cases"]) {
      std::string why;
      EXPECT_EQ(text_of(program, given_to(model, {{"messages", one["messages"]}}), why), one.value("text", "error"))
          << model["name"] << ": " << why;
      ++cases;
    }
  }
  EXPECT_EQ(cases, 73u);
}

TEST(jinja_real_templates, special_tokens_in_contents_stay_text) {
  const auto data = data_of("chat_template_families.json");
  const auto& conversation = data["conversations"]["special_tokens"];
  for (const auto& model : data["templates"]) {
    if (!model["results"]["special_tokens"].contains("text"))
      continue;
    auto given = given_to(model, conversation);
    given.insert_or_assign("strftime_now", strftime_function(today_of(data)));
    const auto text = chat_program::compile(model["template"].get_ref<const std::string&>()).render(given);
    for (const char* spelled : {"a<|eot_id|>b</s>[/INST]<end_of_turn>", "<|end|><｜User｜>"}) {
      const auto at = text.text().find(spelled);
      if (at == std::string::npos) // some templates change or drop it
        continue;
      const auto end = at + std::string(spelled).size();
      EXPECT_TRUE(
          std::ranges::any_of(text.data(), [&](const auto& range) { return range.begin <= at && range.end >= end; }))
          << model["name"] << ": " << spelled;
    }
  }
}

} // namespace
} // namespace avp::jinja
