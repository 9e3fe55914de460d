// Files in the place of a model's: what is said of each, wherever it lies.
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/open_model.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::string pointer = "version https://git-lfs.github.com/spec/v1\n"
                            "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
const std::string page = "\n<!DOCTYPE html>\n<html><title>Sign in</title></html>";

class file_kind : public testing::Test {
protected:
  static std::string error_of(const std::filesystem::path& path) {
    try {
      (void)avp::open_model(path);
    } catch (const avp::model_error& error) {
      return error.what();
    }
    return "(no error)";
  }

  [[nodiscard]] std::string as_gguf(const std::string& bytes) const {
    return error_of(folder_.write("model.gguf", bytes));
  }

  /// In place of one file of a good Hugging Face directory.
  [[nodiscard]] std::string in_folder(const std::string& name, const std::string& bytes) const {
    folder_.write("hf/config.json", avp::test::tiny_config("llama").dump());
    folder_.write("hf/tokenizer.json", avp::test::tiny_tokenizer_json().dump());
    folder_.write("hf/model.safetensors", avp::test::safetensors_bytes(avp::test::tiny_tensors("llama")));
    EXPECT_EQ(error_of(folder_.path() / "hf"), "(no error)");
    folder_.write("hf/" + name, bytes);
    const auto error = error_of(folder_.path() / "hf");
    EXPECT_THAT(error, HasSubstr(name + ": "));
    return error;
  }

  avp::test::temporary_folder folder_;
};

TEST_F(file_kind, a_git_lfs_pointer_is_named_wherever_it_lies) {
  const auto said = AllOf(HasSubstr("is a Git LFS pointer, which stands for the file of 12345 bytes"),
                          HasSubstr("run `git lfs pull` in its folder"));
  EXPECT_THAT(as_gguf(pointer), said);
  for (const auto* name : {"config.json", "tokenizer.json", "model.safetensors"})
    EXPECT_THAT(in_folder(name, pointer), said);
  for (const auto* name :
       {"generation_config.json", "tokenizer_config.json", "chat_template.json", "chat_template.jinja"}) {
    EXPECT_THAT(in_folder(name, pointer), said);
    std::filesystem::remove(folder_.path() / "hf" / name);
  }
}

TEST_F(file_kind, a_web_page_and_an_empty_file_are_named_wherever_they_lie) {
  EXPECT_THAT(as_gguf(page), HasSubstr("is a web page (HTML)"));
  EXPECT_THAT(as_gguf(""), HasSubstr("is empty; its download may have been broken off"));
  for (const auto* name : {"config.json", "tokenizer.json", "model.safetensors"}) {
    EXPECT_THAT(in_folder(name, page), HasSubstr("is a web page (HTML)"));
    EXPECT_THAT(in_folder(name, "\xEF\xBB\xBF<HTML>"), HasSubstr("is a web page (HTML)"));
    EXPECT_THAT(in_folder(name, ""), HasSubstr("is empty"));
  }
}

TEST_F(file_kind, other_kinds_are_named) {
  EXPECT_THAT(as_gguf(avp::test::safetensors_bytes(avp::test::tiny_tensors("llama"))),
              HasSubstr("is a safetensors file; name the Hugging Face folder"));
  EXPECT_THAT(in_folder("model.safetensors", avp::test::tiny_gguf("llama").bytes()), HasSubstr("is a GGUF file"));
  EXPECT_THAT(as_gguf(std::string(5000, '\0')), HasSubstr("nothing but zero bytes"));
  EXPECT_THAT(in_folder("model.safetensors", std::string(5000, '\0')), HasSubstr("nothing but zero bytes"));
  EXPECT_THAT(as_gguf("PK\x03\x04zip"), HasSubstr("is a zip archive, such as a PyTorch checkpoint"));
  EXPECT_THAT(as_gguf("\x1f\x8b\x08"), HasSubstr("is compressed (gzip)"));
  EXPECT_THAT(as_gguf("tjgg1234"), HasSubstr("is a GGML file from before GGUF"));
  EXPECT_THAT(as_gguf("{\"error\": \"not found\"}"), HasSubstr("is a JSON text"));
  EXPECT_THAT(as_gguf("<?xml version=\"1.0\"?><Error/>"), HasSubstr("is an XML text"));
}

// A file that is of the right kind is not called another one where it is only cut off.
TEST_F(file_kind, a_part_of_a_download_is_called_one) {
  const auto weights = avp::test::safetensors_bytes(avp::test::tiny_tensors("llama"));
  EXPECT_THAT(in_folder("model.safetensors", weights.substr(0, 100)), HasSubstr("or only part of one"));
  EXPECT_THAT(in_folder("model.safetensors", weights.substr(0, weights.size() - 1)),
              HasSubstr("only part of a download?"));
  const auto config = avp::test::tiny_config("llama").dump();
  EXPECT_THAT(in_folder("config.json", config.substr(0, config.size() / 2)), HasSubstr("is not valid JSON"));
  const auto tokenizer = avp::test::tiny_tokenizer_json().dump();
  EXPECT_THAT(in_folder("tokenizer.json", tokenizer.substr(0, 50)), HasSubstr("is damaged"));
}

} // namespace
