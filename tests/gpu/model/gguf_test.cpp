// GGUF files: what is read out of good ones, and what is said about bad ones.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/gguf.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/open_model.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using avp::gguf_file;
using avp::model_error;
using avp::test::bytes_of;
using avp::test::gguf_text;
using avp::test::gguf_writer;
using testing::ElementsAre;
using testing::HasSubstr;

class gguf : public testing::Test {
protected:
  gguf_file open(const std::string& bytes) {
    return gguf_file(std::make_shared<const avp::mapped_file>(folder_.write("file.gguf", bytes)));
  }

  std::string error_of(const std::string& bytes) {
    try {
      (void)open(bytes);
    } catch (const model_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("file.gguf: "));
      return error.what();
    }
    return "(no error)";
  }

  avp::test::temporary_folder folder_;
};

TEST_F(gguf, values_of_every_type_are_read) {
  gguf_writer out;
  out.metadata["u8"] = bytes_of(0U) + bytes_of(std::uint8_t{200});
  out.metadata["i8"] = bytes_of(1U) + bytes_of(std::int8_t{-100});
  out.metadata["u16"] = bytes_of(2U) + bytes_of(std::uint16_t{60000});
  out.metadata["i16"] = bytes_of(3U) + bytes_of(std::int16_t{-30000});
  out.u32("u32", 4000000000U);
  out.metadata["i32"] = bytes_of(5U) + bytes_of(std::int32_t{-2000000000});
  out.f32("f32", 1.5F);
  out.boolean("yes", true);
  out.boolean("no", false);
  out.text("text", "Grüße");
  out.metadata["u64"] = bytes_of(10U) + bytes_of(std::uint64_t{1} << 62);
  out.metadata["i64"] = bytes_of(11U) + bytes_of(-(std::int64_t{1} << 62));
  out.metadata["f64"] = bytes_of(12U) + bytes_of(0.1);
  out.texts("texts", {"a", "", "c"});
  out.integers("integers", {1, -2, 3});
  // An array of two arrays: [[7], []].
  out.metadata["nested"] = bytes_of(9U) + bytes_of(9U) + bytes_of(std::uint64_t{2}) + bytes_of(0U) +
                           bytes_of(std::uint64_t{1}) + "\7" + bytes_of(8U) + bytes_of(std::uint64_t{0});
  for (const auto version : {2U, 3U}) {
    out.version = version;
    const auto file = open(out.bytes());
    EXPECT_EQ(file.integer("u8"), 200);
    EXPECT_EQ(file.integer("i8"), -100);
    EXPECT_EQ(file.integer("u16"), 60000);
    EXPECT_EQ(file.integer("i16"), -30000);
    EXPECT_EQ(file.integer("u32"), 4000000000);
    EXPECT_EQ(file.integer("i32"), -2000000000);
    EXPECT_EQ(file.integer("u64"), std::int64_t{1} << 62);
    EXPECT_EQ(file.integer("i64"), -(std::int64_t{1} << 62));
    EXPECT_EQ(file.number("f32"), 1.5);
    EXPECT_EQ(file.number("f64"), 0.1);
    EXPECT_EQ(file.number("i16"), -30000);
    EXPECT_EQ(file.boolean("yes"), true);
    EXPECT_EQ(file.boolean("no"), false);
    EXPECT_EQ(file.string("text"), "Grüße");
    EXPECT_THAT(file.strings("texts").value(), ElementsAre("a", "", "c"));
    EXPECT_THAT(file.integers("integers").value(), ElementsAre(1, -2, 3));
    EXPECT_EQ(file.metadata().at("nested").count, 2);
    EXPECT_EQ(file.integer("missing"), std::nullopt);
    EXPECT_EQ(file.strings("missing"), std::nullopt);
  }
}

TEST_F(gguf, a_value_of_another_type_is_an_error_that_names_both) {
  gguf_writer out;
  out.text("name", "x");
  out.texts("texts", {"a"});
  out.f32("half", 0.5F);
  out.metadata["huge"] = bytes_of(10U) + bytes_of(~std::uint64_t{0});
  const auto file = open(out.bytes());
  const auto error = [](const std::function<void()>& read) -> std::string {
    try {
      read();
    } catch (const model_error& caught) {
      return caught.what();
    }
    return "(no error)";
  };
  EXPECT_THAT(error([&] { (void)file.integer("name"); }),
              HasSubstr("metadata \"name\" is of type string, expected an integer"));
  EXPECT_THAT(error([&] { (void)file.integer("half"); }), HasSubstr("is of type f32, expected an integer"));
  EXPECT_THAT(error([&] { (void)file.integer("huge"); }), HasSubstr("is of type u64, expected an integer below 2^63"));
  EXPECT_THAT(error([&] { (void)file.number("name"); }), HasSubstr("expected a number"));
  EXPECT_THAT(error([&] { (void)file.boolean("name"); }), HasSubstr("expected a bool"));
  EXPECT_THAT(error([&] { (void)file.string("texts"); }), HasSubstr("is of type array of string, expected a string"));
  EXPECT_THAT(error([&] { (void)file.strings("name"); }), HasSubstr("expected an array of strings"));
  EXPECT_THAT(error([&] { (void)file.integers("texts"); }), HasSubstr("expected an array of integers"));
}

TEST_F(gguf, tensors_are_found_with_the_outermost_dimension_first) {
  gguf_writer out;
  out.alignment = 64;
  out.u32("general.alignment", 64);
  out.tensors["a"] = {{3}, 0, bytes_of(1.0F) + bytes_of(2.0F) + bytes_of(3.0F)};
  out.tensors["b"] = {{2, 32}, 8, std::string(2 * 34, 'q')};
  const auto file = open(out.bytes());
  ASSERT_EQ(file.tensors().size(), 2);
  const auto& a = file.tensors().at("a");
  EXPECT_EQ(a.type, avp::tensor_type::f32);
  EXPECT_THAT(a.shape, ElementsAre(3));
  std::vector<float> values(3);
  avp::dequantize(a.type, a.data.data(), values);
  EXPECT_THAT(values, ElementsAre(1, 2, 3));
  const auto& b = file.tensors().at("b");
  EXPECT_EQ(b.type, avp::tensor_type::q8_0);
  EXPECT_THAT(b.shape, ElementsAre(2, 32));
  ASSERT_EQ(b.data.size(), 2 * 34);
  EXPECT_EQ(b.data.back(), std::byte{'q'});
}

TEST_F(gguf, another_kind_of_file_is_named) {
  EXPECT_THAT(error_of("hello"), HasSubstr("is not a GGUF file (it has 5 bytes"));
  gguf_writer out;
  out.version = 1;
  EXPECT_THAT(error_of(out.bytes()), HasSubstr("is GGUF version 1; versions 2 and 3 can be read"));
  out.version = 0x03000000;
  EXPECT_THAT(error_of(out.bytes()), HasSubstr("big-endian"));
}

TEST_F(gguf, damaged_metadata_is_located) {
  const auto with = [](const std::string& value) {
    gguf_writer out;
    out.metadata["key"] = value;
    return out.bytes();
  };
  EXPECT_THAT(error_of(with(bytes_of(99U))), HasSubstr("metadata \"key\": value type 99 does not exist"));
  EXPECT_THAT(error_of(with(bytes_of(8U) + bytes_of(~std::uint64_t{0}))),
              HasSubstr("needs 18446744073709551615 bytes"));
  EXPECT_THAT(error_of(with(bytes_of(9U) + bytes_of(4U) + bytes_of(std::uint64_t{1} << 62))),
              HasSubstr("array of 4611686018427387904 elements does not fit"));
  EXPECT_THAT(error_of(with(bytes_of(9U) + bytes_of(8U) + bytes_of(~std::uint64_t{0}))),
              HasSubstr("the file ends at byte"));
  std::string nested;
  for (int i = 0; i < 10; ++i)
    nested += bytes_of(9U) + (i == 0 ? "" : bytes_of(std::uint64_t{1}));
  EXPECT_THAT(error_of(with(nested + bytes_of(std::uint64_t{1}))), HasSubstr("nested more than 4 deep"));

  const auto twice = "GGUF" + bytes_of(3U) + bytes_of(std::uint64_t{0}) + bytes_of(std::uint64_t{2}) + gguf_text("k") +
                     bytes_of(7U) + "\1" + gguf_text("k") + bytes_of(7U) + "\1";
  EXPECT_THAT(error_of(twice), HasSubstr("metadata \"k\" is there twice"));

  gguf_writer alignment;
  alignment.u32("general.alignment", 24);
  EXPECT_THAT(error_of(alignment.bytes()), HasSubstr("general.alignment is 24, not a power of two"));
}

TEST_F(gguf, tensors_of_other_types_are_known_by_name_and_shape) {
  gguf_writer out;
  out.tensors["known"] = {{1, 256}, 16, "x"};
  out.tensors["new"] = {{3, 5}, 77, "x"};
  out.tensors["plain"] = {{1}, 0, "1234"};
  const auto file = open(out.bytes());
  EXPECT_THAT(file.tensors(), testing::ElementsAre(testing::Key("plain")));
  ASSERT_EQ(file.unreadable().size(), 2);
  EXPECT_EQ(file.unreadable().at("known").type, "IQ2_XXS");
  EXPECT_EQ(file.unreadable().at("new").type, "ggml's type 77");
  EXPECT_THAT(file.unreadable().at("new").shape, testing::ElementsAre(3, 5));
}

TEST_F(gguf, damaged_tensors_are_named) {
  const auto with = [](std::vector<std::uint64_t> shape, std::uint32_t type, std::size_t size) {
    gguf_writer out;
    out.tensors["t"] = {std::move(shape), type, std::string(size, 'x')};
    return out.bytes();
  };
  EXPECT_THAT(error_of(with({}, 0, 4)), HasSubstr("tensor \"t\" has 0 dimensions, expected 1 to 4"));
  EXPECT_THAT(error_of(with({1, 1, 1, 1, 1}, 0, 4)), HasSubstr("has 5 dimensions"));
  EXPECT_THAT(error_of(with({std::uint64_t{1} << 40, std::uint64_t{1} << 40}, 0, 4)), HasSubstr("impossible size"));
  EXPECT_THAT(error_of(with({2, 100}, 12, 300)),
              HasSubstr("rows of 100 values, not a multiple of the 256 in a block of Q4_K"));
  EXPECT_THAT(error_of(with({100}, 0, 396)), HasSubstr("tensor \"t\" needs 400 bytes"));

  gguf_writer out;
  out.tensors["a"] = {{1}, 0, "1234"};
  out.tensors["b"] = {{1}, 0, "1234"};
  auto bytes = out.header();
  const auto offset = bytes.size() - 8;
  EXPECT_THAT(error_of(bytes.substr(0, offset) + bytes_of(std::uint64_t{33}) + std::string(64, 'x')),
              HasSubstr("starts at 33, not a multiple of the alignment of 32"));
  EXPECT_THAT(error_of(bytes.substr(0, offset) + bytes_of(~std::uint64_t{31}) + std::string(64, 'x')),
              HasSubstr("tensor \"b\" needs 4 bytes"));
  bytes[bytes.rfind('b')] = 'a';
  EXPECT_THAT(error_of(bytes + std::string(96, 'x')), HasSubstr("tensor \"a\" is there twice"));
}

// Wherever a file is cut, it is refused with its name; nothing is read beyond its end.
TEST_F(gguf, a_truncated_file_is_refused_wherever_it_ends) {
  const auto out = avp::test::tiny_gguf("llama");
  const auto header = out.header().size();
  const auto path = folder_.write("cut.gguf", out.bytes());
  EXPECT_NO_THROW((void)avp::open_model(path));
  auto size = std::filesystem::file_size(path);
  while (size > 0) {
    size -= size > header ? std::min<std::uintmax_t>(997, size - header) : 1;
    std::filesystem::resize_file(path, size);
    ASSERT_THROW((void)avp::open_model(path), model_error) << size;
  }
}

// A changed byte may be harmless (a name, a weight), but never anything else than a model or a model_error.
TEST_F(gguf, a_changed_byte_in_the_header_never_crashes) {
  const auto out = avp::test::tiny_gguf("qwen2");
  const auto header = out.header();
  const auto path = folder_.write("changed.gguf", out.bytes());
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < header.size(); ++at) {
    const auto put = [&](char value) { file.seekp(static_cast<std::streamoff>(at)).put(value).flush(); };
    put(static_cast<char>(header[at] ^ (at % 2 == 0 ? 0xff : 0x40)));
    try {
      (void)avp::open_model(path);
    } catch (const model_error&) {
      ++refused;
    }
    put(header[at]);
  }
  EXPECT_GT(refused, header.size() / 4);
  EXPECT_NO_THROW((void)avp::open_model(path));
}

} // namespace
