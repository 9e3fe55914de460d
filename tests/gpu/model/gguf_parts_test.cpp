// GGUF models in several files: read as one, and what is said where parts are missing or don't belong together.
#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/open_model.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/temporary_folder.hpp"
#include "transport/sha256.hpp"

namespace {

using avp::test::bytes_of;
using avp::test::gguf_writer;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t part_count = 3;

void u16(gguf_writer& out, const std::string& key, std::uint16_t value) {
  out.metadata[key] = bytes_of(2U) + bytes_of(value);
}

// As gguf-split of llama.cpp does it: the metadata in the first file, tensors in their order.
std::array<gguf_writer, part_count> split(const gguf_writer& whole) {
  std::array<gguf_writer, part_count> parts;
  parts[0].metadata = whole.metadata;
  std::size_t i = 0;
  for (const auto& [name, tensor] : whole.tensors)
    parts[i++ * part_count / whole.tensors.size()].tensors[name] = tensor;
  for (std::uint16_t number = 0; number < part_count; ++number) {
    u16(parts[number], "split.no", number);
    u16(parts[number], "split.count", part_count);
    parts[number].metadata["split.tensors.count"] =
        bytes_of(5U) + bytes_of(static_cast<std::int32_t>(whole.tensors.size()));
  }
  return parts;
}

std::string name_of(std::size_t number) { return "tiny-0000" + std::to_string(number + 1) + "-of-00003.gguf"; }

class gguf_parts : public testing::Test {
protected:
  void write(const std::array<gguf_writer, part_count>& parts) const {
    for (std::size_t i = 0; i < part_count; ++i)
      folder_.write(name_of(i), parts[i].bytes());
  }

  [[nodiscard]] std::string error_of(const std::string& name = name_of(0)) const {
    try {
      (void)avp::open_model(folder_.path() / name);
    } catch (const avp::model_error& error) {
      return error.what();
    }
    return "(no error)";
  }

  gguf_writer whole_ = avp::test::tiny_gguf("qwen2");
  avp::test::temporary_folder folder_;
};

TEST_F(gguf_parts, any_part_opens_the_whole_model) {
  const auto parts = split(whole_);
  write(parts);
  const auto whole = avp::open_model(folder_.write("whole.gguf", whole_.bytes()));
  for (std::size_t i = 0; i < part_count; ++i) {
    const auto model = avp::open_model(folder_.path() / name_of(i));
    EXPECT_EQ(model.files.size(), part_count);
    EXPECT_EQ(model.config.name, whole.config.name);
    EXPECT_EQ(model.vocabulary.tokens.size(), whole.vocabulary.tokens.size());
    ASSERT_EQ(model.tensors.size(), whole.tensors.size());
    for (const auto& [name, tensor] : whole.tensors)
      EXPECT_TRUE(std::ranges::equal(model.tensors.at(name).data, tensor.data)) << name;
    std::string digests;
    for (const auto& part : parts)
      digests += avp::sha256_hex(part.bytes());
    EXPECT_EQ(model.weights_digest, avp::sha256_hex(digests));
  }
}

TEST_F(gguf_parts, missing_parts_are_named) {
  write(split(whole_));
  std::filesystem::remove(folder_.path() / name_of(1));
  const auto missing = [](const std::string& names) {
    return HasSubstr("of a model in 3 files, and these are missing beside it: " + names +
                     "; fetch them into the same folder");
  };
  EXPECT_THAT(error_of(), AllOf(HasSubstr("is part 1 "), missing(name_of(1))));
  EXPECT_THAT(error_of(name_of(2)), AllOf(HasSubstr("is part 3 "), missing(name_of(1))));
  std::filesystem::remove(folder_.path() / name_of(0));
  EXPECT_THAT(error_of(name_of(2)), missing(name_of(0) + ", " + name_of(1)));
}

TEST_F(gguf_parts, a_part_under_another_name_says_how_it_should_be_called) {
  write(split(whole_));
  std::filesystem::rename(folder_.path() / name_of(1), folder_.path() / "second.gguf");
  EXPECT_THAT(error_of("second.gguf"), AllOf(HasSubstr("second.gguf: is part 2 of a model in 3 files"),
                                             HasSubstr("does not end with \"-00002-of-00003.gguf\"")));
}

TEST_F(gguf_parts, parts_that_do_not_belong_together_are_refused) {
  const auto after = [this](const std::function<void(std::array<gguf_writer, part_count>&)>& change) {
    auto parts = split(whole_);
    change(parts);
    write(parts);
    return error_of();
  };
  EXPECT_THAT(after([](auto& parts) { u16(parts[1], "split.no", 2); }),
              AllOf(HasSubstr(name_of(1) + ": is not part 2 of a model in 3 files like " + name_of(0)),
                    HasSubstr("its split.no is 2, expected 1")));
  EXPECT_THAT(after([](auto& parts) { parts[2].metadata.erase("split.no"); }), HasSubstr("its split.no is -1"));
  EXPECT_THAT(after([](auto& parts) { u16(parts[1], "split.count", 4); }),
              HasSubstr("its metadata \"split.count\" is another"));
  EXPECT_THAT(after([](auto& parts) { parts[2].text("general.name", "other"); }),
              HasSubstr("its metadata \"general.name\" is another"));
  EXPECT_THAT(after([](auto& parts) { parts[1].tensors.erase(parts[1].tensors.begin()); }),
              AllOf(HasSubstr("its 3 parts have 25 tensors together, and split.tensors.count says 26"),
                    HasSubstr("not all of one model")));
  EXPECT_THAT(after([](auto& parts) { parts[2].tensors.insert(*parts[1].tensors.begin()); }),
              HasSubstr("is in another part too"));
  EXPECT_THAT(after([](auto& parts) { u16(parts[0], "split.no", 3); }),
              HasSubstr("damaged GGUF file: split.no is 3 and split.count is 3"));
  EXPECT_THAT(after([](auto& parts) { parts[0].text("split.count", "3"); }), HasSubstr("expected an integer"));
}

TEST_F(gguf_parts, a_part_that_is_no_gguf_is_named) {
  write(split(whole_));
  folder_.write(name_of(2), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n");
  EXPECT_THAT(error_of(), HasSubstr(name_of(2) + ": is a Git LFS pointer"));
}

TEST_F(gguf_parts, one_part_of_one_is_a_model) {
  u16(whole_, "split.no", 0);
  u16(whole_, "split.count", 1);
  folder_.write("tiny.gguf", whole_.bytes());
  EXPECT_EQ(error_of("tiny.gguf"), "(no error)");
}

} // namespace
