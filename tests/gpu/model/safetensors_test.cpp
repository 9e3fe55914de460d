// safetensors files: what is read out of good ones, and what is said about bad ones.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/model_error.hpp"
#include "gpu/model/safetensors.hpp"
#include "tests/gpu/model/tiny_model.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using avp::model_error;
using avp::test::bytes_of;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;

class safetensors : public testing::Test {
protected:
  std::string file_of(const json& header, const std::string& data) {
    const auto text = header.dump();
    return bytes_of(std::uint64_t{text.size()}) + text + data;
  }

  std::string error_of(const std::string& bytes) {
    const avp::mapped_file file(folder_.write("model.safetensors", bytes));
    try {
      (void)avp::read_safetensors(file);
    } catch (const model_error& error) {
      EXPECT_THAT(error.what(), HasSubstr("model.safetensors: "));
      return error.what();
    }
    return "(no error)";
  }

  std::string directory_error() {
    try {
      (void)avp::open_safetensors(folder_.path());
    } catch (const model_error& error) {
      return error.what();
    }
    return "(no error)";
  }

  avp::test::temporary_folder folder_;
};

TEST_F(safetensors, the_three_types_are_read) {
  const json header{{"__metadata__", {{"format", "pt"}}},
                    {"half", {{"dtype", "F16"}, {"shape", {2}}, {"data_offsets", {8, 12}}}},
                    {"brain", {{"dtype", "BF16"}, {"shape", {1, 2}}, {"data_offsets", {12, 16}}}},
                    {"full", {{"dtype", "F32"}, {"shape", {2, 1}}, {"data_offsets", {0, 8}}}},
                    {"single", {{"dtype", "F32"}, {"shape", json::array()}, {"data_offsets", {4, 8}}}}};
  const auto data = bytes_of(1.5F) + bytes_of(-2.0F) + bytes_of(std::uint16_t{0x3c00}) +
                    bytes_of(std::uint16_t{0xc000}) + bytes_of(std::uint16_t{0x3f80}) + bytes_of(std::uint16_t{0xc000});
  const avp::mapped_file file(folder_.write("model.safetensors", file_of(header, data)));
  const auto tensors = avp::read_safetensors(file).tensors;
  ASSERT_EQ(tensors.size(), 4);
  const auto values = [&](const std::string& name, std::size_t count) {
    std::vector<float> out(count);
    avp::dequantize(tensors.at(name).type, tensors.at(name).data.data(), out);
    return out;
  };
  EXPECT_THAT(tensors.at("full").shape, ElementsAre(2, 1));
  EXPECT_THAT(values("full", 2), ElementsAre(1.5F, -2.0F));
  EXPECT_THAT(values("half", 2), ElementsAre(1.0F, -2.0F));
  EXPECT_THAT(values("brain", 2), ElementsAre(1.0F, -2.0F));
  EXPECT_THAT(tensors.at("single").shape, ElementsAre());
  EXPECT_THAT(values("single", 1), ElementsAre(-2.0F));
}

TEST_F(safetensors, a_bad_header_is_refused) {
  EXPECT_THAT(error_of("hello"), HasSubstr("is not a safetensors file: it has only 5 bytes"));
  EXPECT_THAT(error_of(bytes_of(std::uint64_t{100}) + "{}"),
              HasSubstr("its header would have 100 bytes, the file has 10"));
  EXPECT_THAT(error_of(bytes_of(~std::uint64_t{0}) + "{}"),
              HasSubstr("its header would have 18446744073709551615 bytes"));
  EXPECT_THAT(error_of(bytes_of(std::uint64_t{2}) + "{]"), HasSubstr("is not valid JSON"));
  EXPECT_THAT(error_of(bytes_of(std::uint64_t{2}) + "[]"), HasSubstr("its header is no JSON object"));
  const std::string deep(100000, '[');
  EXPECT_THAT(error_of(bytes_of(std::uint64_t{deep.size()}) + deep), HasSubstr("nested more than 64 deep"));
}

TEST_F(safetensors, a_bad_entry_is_refused_with_the_tensors_name) {
  const auto with = [this](const json& entry) { return error_of(file_of({{"t", entry}}, std::string(16, 'x'))); };
  const json good{{"dtype", "F32"}, {"shape", {2, 2}}, {"data_offsets", {0, 16}}};
  EXPECT_EQ(with(good), "(no error)");
  const auto changed = [&good](const std::string& key, const json& value) {
    auto entry = good;
    entry[key] = value;
    return entry;
  };
  constexpr auto expected = "tensor \"t\": its entry needs dtype, shape and two data_offsets";
  EXPECT_THAT(with(json(7)), HasSubstr(expected));
  EXPECT_THAT(with(json::object()), HasSubstr(expected));
  EXPECT_THAT(with(changed("dtype", 3)), HasSubstr(expected));
  EXPECT_THAT(with(changed("shape", "2x2")), HasSubstr(expected));
  EXPECT_THAT(with(changed("data_offsets", {0})), HasSubstr(expected));
  EXPECT_THAT(with(changed("data_offsets", {-4, 12})), HasSubstr(expected));
  EXPECT_THAT(with(changed("shape", {2, -2})), HasSubstr("impossible shape [2,-2]"));
  EXPECT_THAT(with(changed("shape", {0})), HasSubstr("has 16 bytes, but F32 of [0] needs 0"));
  EXPECT_THAT(with(changed("shape", {std::uint64_t{1} << 40, std::uint64_t{1} << 40})), HasSubstr("impossible shape"));
  EXPECT_THAT(with(changed("shape", {2})), HasSubstr("has 16 bytes, but F32 of [2] needs 8"));
  EXPECT_THAT(with(changed("data_offsets", {4, 20})), HasSubstr("but there are 16"));
  EXPECT_THAT(with(changed("data_offsets", {12, 4})), HasSubstr("lies at bytes [12,4]"));
}

TEST_F(safetensors, shards_are_found_through_the_index) {
  const auto all = avp::test::tiny_tensors("llama");
  std::map<std::string, avp::test::gguf_writer::tensor> halves[2];
  json map;
  for (const auto& [name, tensor] : all) {
    const std::size_t half = name < "model.layers.1" ? 1 : 0;
    halves[half][name] = tensor;
    map[name] = half == 0 ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
  }
  folder_.write("model.safetensors.index.json", json{{"weight_map", map}}.dump());
  folder_.write("model-00001-of-00002.safetensors", avp::test::safetensors_bytes(halves[0]));
  folder_.write("model-00002-of-00002.safetensors", avp::test::safetensors_bytes(halves[1]));
  const auto weights = avp::open_safetensors(folder_.path());
  ASSERT_EQ(weights.files.size(), 2);
  EXPECT_EQ(weights.files[0]->path().filename(), "model-00001-of-00002.safetensors");
  ASSERT_EQ(weights.content.tensors.size(), all.size());
  for (const auto& [name, tensor] : all) {
    const auto data = weights.content.tensors.at(name).data;
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(data.data()), data.size()), tensor.data) << name;
  }
}

TEST_F(safetensors, a_bad_directory_is_refused) {
  EXPECT_THAT(directory_error(), HasSubstr("has neither model.safetensors nor model.safetensors.index.json"));
  const auto index = [this](const std::string& text) {
    folder_.write("model.safetensors.index.json", text);
    return directory_error();
  };
  EXPECT_THAT(index("[]"), HasSubstr("has no object \"weight_map\""));
  EXPECT_THAT(index(R"({"weight_map": {"a": 1}})"), HasSubstr("weight_map has 1 where a file name was expected"));
  EXPECT_THAT(index(R"({"weight_map": {"a": "../../etc/passwd"}})"), HasSubstr("where a file name was expected"));
  EXPECT_THAT(
      index(R"({"weight_map": {"a": "lost.safetensors", "b": "one.safetensors", "c": "gone.safetensors"}})"),
      HasSubstr("lists 3 files, of which these are missing: gone.safetensors, lost.safetensors, one.safetensors"));
  folder_.write("one.safetensors", avp::test::safetensors_bytes({{"b", {{1}, 0, "1234"}}}));
  EXPECT_THAT(index(R"({"weight_map": {"a": "one.safetensors"}})"), HasSubstr("has no tensor \"a\""));
}

} // namespace
