// GGUF files: the table of contents. Layout: docs/gguf.md of the ggml project.
//   "GGUF", version u32, tensor count u64, metadata count u64
//   metadata: key string, type u32, value        (string: length u64 and bytes; array: type u32, count u64, elements)
//   tensors:  name string, dimensions u32, each u64 (innermost first), type u32, offset u64 from the start of the data
//   data, from the next multiple of general.alignment (32)
#include "gpu/model/gguf.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "gpu/model/file_kind.hpp"
#include "gpu/model/model_error.hpp"

namespace avp {

namespace {

constexpr std::uint64_t deepest_array = 4;
constexpr std::uint32_t most_dimensions = 4; // As in ggml.
constexpr std::uint64_t most_values = std::uint64_t{1} << 52;

constexpr std::array<std::string_view, 13> type_names{"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                                      "bool", "string", "array", "u64", "i64", "f64"};

std::string_view name_of(gguf_type type) { return type_names.at(static_cast<std::size_t>(type)); }

// Bytes of a plain value; 0 for strings and arrays, whose length is in the file.
std::uint64_t width_of(gguf_type type) {
  constexpr std::array<std::uint64_t, 13> widths{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return widths.at(static_cast<std::size_t>(type));
}

// A type by ggml's number for it; `known` is empty for those that are not read here.
struct stored_type {
  std::uint32_t number;
  std::string_view name;
  std::optional<tensor_type> known;
};

constexpr std::array<stored_type, 36> stored_types{{
    {0, "F32", tensor_type::f32},
    {1, "F16", tensor_type::f16},
    {2, "Q4_0", tensor_type::q4_0},
    {3, "Q4_1", tensor_type::q4_1},
    {6, "Q5_0", tensor_type::q5_0},
    {7, "Q5_1", tensor_type::q5_1},
    {8, "Q8_0", tensor_type::q8_0},
    {9, "Q8_1", {}},
    {10, "Q2_K", tensor_type::q2_k},
    {11, "Q3_K", tensor_type::q3_k},
    {12, "Q4_K", tensor_type::q4_k},
    {13, "Q5_K", tensor_type::q5_k},
    {14, "Q6_K", tensor_type::q6_k},
    {15, "Q8_K", tensor_type::q8_k},
    {16, "IQ2_XXS", {}},
    {17, "IQ2_XS", {}},
    {18, "IQ3_XXS", {}},
    {19, "IQ1_S", {}},
    {20, "IQ4_NL", tensor_type::iq4_nl},
    {21, "IQ3_S", {}},
    {22, "IQ2_S", {}},
    {23, "IQ4_XS", {}},
    {24, "I8", {}},
    {25, "I16", {}},
    {26, "I32", {}},
    {27, "I64", {}},
    {28, "F64", {}},
    {29, "IQ1_M", {}},
    {30, "BF16", tensor_type::bf16},
    {31, "Q4_0_4_4", {}},
    {32, "Q4_0_4_8", {}},
    {33, "Q4_0_8_8", {}},
    {34, "TQ1_0", {}},
    {35, "TQ2_0", {}},
    {39, "MXFP4", {}},
    {40, "NVFP4", {}},
}};

template <class Value>
Value load(const std::byte* from) {
  Value value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::optional<std::int64_t> as_integer(gguf_type type, const std::byte* data) {
  switch (type) {
  case gguf_type::u8:
    return load<std::uint8_t>(data);
  case gguf_type::i8:
    return load<std::int8_t>(data);
  case gguf_type::u16:
    return load<std::uint16_t>(data);
  case gguf_type::i16:
    return load<std::int16_t>(data);
  case gguf_type::u32:
    return load<std::uint32_t>(data);
  case gguf_type::i32:
    return load<std::int32_t>(data);
  case gguf_type::i64:
    return load<std::int64_t>(data);
  case gguf_type::u64: {
    const auto value = load<std::uint64_t>(data);
    return value <= std::numeric_limits<std::int64_t>::max() ? std::optional(static_cast<std::int64_t>(value))
                                                             : std::nullopt;
  }
  default:
    return std::nullopt;
  }
}

// A type that is not known here may be one that ggml has got since.
std::string name_of_stored(std::uint32_t number) {
  const auto* stored = std::ranges::find(stored_types, number, &stored_type::number);
  return stored == stored_types.end() ? "ggml's type " + std::to_string(number) : std::string(stored->name);
}

std::optional<tensor_type> stored_as(std::uint32_t number) {
  const auto* stored = std::ranges::find(stored_types, number, &stored_type::number);
  return stored == stored_types.end() ? std::nullopt : stored->known;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

/// Walks over the bytes of the file; each step is checked against its end.
class gguf_file::reader {
public:
  reader(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  [[nodiscard]] std::uint64_t offset() const { return offset_; }

  [[noreturn]] void fail(const std::string& what) const {
    throw model_error(where_ + ": damaged GGUF file at byte " + std::to_string(offset_) + ": " + what);
  }

  std::span<const std::byte> take(std::uint64_t size, std::string_view what) {
    if (size > bytes_.size() - offset_)
      fail(std::string(what) + " needs " + std::to_string(size) + " bytes, but the file ends at byte " +
           std::to_string(bytes_.size()) + "; is it only part of a download?");
    const auto taken = bytes_.subspan(offset_, size);
    offset_ += size;
    return taken;
  }

  template <class Value>
  Value value(std::string_view what) {
    return load<Value>(take(sizeof(Value), what).data());
  }

  std::string_view text(std::string_view what) {
    const auto length = value<std::uint64_t>(what);
    return as_text(take(length, what));
  }

  gguf_type type(std::string_view what) {
    const auto number = value<std::uint32_t>(what);
    if (number >= type_names.size())
      fail(std::string(what) + ": value type " + std::to_string(number) + " does not exist");
    return static_cast<gguf_type>(number);
  }

  gguf_value read(gguf_type type, std::string_view what, std::uint64_t depth = 0) {
    gguf_value result;
    result.type = type;
    if (type == gguf_type::string) {
      const auto text = this->text(what);
      result.data = std::as_bytes(std::span(text));
    } else if (type == gguf_type::array) {
      result.element = this->type(what);
      result.count = value<std::uint64_t>(what);
      const auto start = offset_;
      skip_elements(result, what, depth);
      result.data = bytes_.subspan(start, offset_ - start);
    } else {
      result.data = take(width_of(type), what);
    }
    return result;
  }

  // Outermost first; the product of the sizes times the bytes of any block stays far below 2^63.
  std::vector<std::int64_t> shape(const std::string& what) {
    const auto dimensions = value<std::uint32_t>(what);
    if (dimensions == 0 || dimensions > most_dimensions)
      fail(what + " has " + std::to_string(dimensions) + " dimensions, expected 1 to " +
           std::to_string(most_dimensions));
    std::vector<std::int64_t> shape;
    std::uint64_t values = 1;
    for (std::uint32_t d = 0; d < dimensions; ++d) {
      const auto size = value<std::uint64_t>(what);
      if (size > most_values / values)
        fail(what + " has an impossible size of " + std::to_string(size) + " in dimension " + std::to_string(d));
      values *= std::max<std::uint64_t>(size, 1); // one without values may still have a type and a place
      shape.insert(shape.begin(), static_cast<std::int64_t>(size));
    }
    return shape;
  }

private:
  void skip_elements(const gguf_value& array, std::string_view what, std::uint64_t depth) {
    if (depth == deepest_array)
      fail(std::string(what) + ": arrays nested more than " + std::to_string(deepest_array) + " deep");
    if (const auto width = width_of(array.element); width != 0) {
      if (array.count > (bytes_.size() - offset_) / width)
        fail(std::string(what) + ": array of " + std::to_string(array.count) +
             " elements does not fit into the file of " + std::to_string(bytes_.size()) +
             " bytes; is it only part of a download?");
      take(array.count * width, what);
      return;
    }
    for (std::uint64_t i = 0; i < array.count; ++i)
      (void)read(array.element, what, depth + 1);
  }

  std::span<const std::byte> bytes_;
  std::string where_;
  std::uint64_t offset_ = 0;
};

gguf_file::gguf_file(std::shared_ptr<const mapped_file> file) : file_(std::move(file)) {
  const auto bytes = file_->bytes();
  if (bytes.size() < 4 || as_text(bytes.first(4)) != "GGUF")
    throw model_error(where() + ": " +
                      kind_of_wrong_file(bytes, file_kind::gguf)
                          .value_or("is not a GGUF file (it has " + std::to_string(bytes.size()) +
                                    " bytes and does not start with \"GGUF\")"));
  reader in(bytes, where());
  in.take(4, "magic");
  const auto version = in.value<std::uint32_t>("version");
  if (version == 0x02000000U || version == 0x03000000U)
    throw model_error(where() + ": is a big-endian GGUF file; only little-endian ones can be read");
  if (version != 2 && version != 3)
    throw model_error(where() + ": is GGUF version " + std::to_string(version) + "; versions 2 and 3 can be read");
  const auto tensor_count = in.value<std::uint64_t>("tensor count");
  const auto metadata_count = in.value<std::uint64_t>("metadata count");
  read_metadata(in, metadata_count);
  read_tensors(in, tensor_count);
}

void gguf_file::read_metadata(reader& in, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string key(in.text("metadata key " + std::to_string(i + 1) + " of " + std::to_string(count)));
    const auto what = "metadata \"" + key + "\"";
    const auto type = in.type(what);
    if (!metadata_.emplace(key, in.read(type, what)).second)
      in.fail(what + " is there twice");
  }
}

void gguf_file::read_tensors(reader& in, std::uint64_t count) {
  const auto alignment = integer("general.alignment").value_or(32);
  if (alignment <= 0 || !std::has_single_bit(static_cast<std::uint64_t>(alignment)))
    in.fail("general.alignment is " + std::to_string(alignment) + ", not a power of two");

  std::vector<std::pair<std::string, std::uint64_t>> offsets; // By name, from the start of the data.
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name(in.text("tensor name " + std::to_string(i + 1) + " of " + std::to_string(count)));
    const auto what = "tensor \"" + name + "\"";
    if (tensors_.contains(name) || unreadable_.contains(name))
      in.fail(what + " is there twice");
    auto shape = in.shape(what);
    const auto number = in.value<std::uint32_t>(what);
    const auto offset = in.value<std::uint64_t>(what);
    if (offset % static_cast<std::uint64_t>(alignment) != 0)
      in.fail(what + " starts at " + std::to_string(offset) + ", not a multiple of the alignment of " +
              std::to_string(alignment));
    const auto type = stored_as(number);
    if (!type) {
      unreadable_.emplace(name, unreadable_tensor{name_of_stored(number), std::move(shape)});
      continue;
    }
    if (shape.back() % block_values(*type) != 0)
      in.fail(what + " has rows of " + std::to_string(shape.back()) + " values, not a multiple of the " +
              std::to_string(block_values(*type)) + " in a block of " + std::string(to_string(*type)));
    tensors_.emplace(name, tensor_view{*type, std::move(shape), {}});
    offsets.emplace_back(name, offset);
  }

  const auto step = static_cast<std::uint64_t>(alignment);
  const auto start = (in.offset() + step - 1) / step * step;
  for (const auto& [name, offset] : offsets)
    place_tensor(tensors_.at(name), name, offset, start);
}

void gguf_file::place_tensor(tensor_view& tensor, const std::string& name, std::uint64_t offset,
                             std::uint64_t start) const {
  std::uint64_t size = static_cast<std::uint64_t>(block_bytes(tensor.type));
  for (const auto dimension : tensor.shape)
    size *= static_cast<std::uint64_t>(dimension);
  size /= static_cast<std::uint64_t>(block_values(tensor.type));
  const auto bytes = file_->bytes();
  const auto room = start <= bytes.size() ? bytes.size() - start : 0;
  if (offset > room || size > room - offset)
    throw model_error(where() + ": damaged GGUF file: tensor \"" + name + "\" needs " + std::to_string(size) +
                      " bytes from byte " + std::to_string(offset) + " of the data, which starts at byte " +
                      std::to_string(start) + ", but the file ends at byte " + std::to_string(bytes.size()) +
                      "; is it only part of a download?");
  tensor.data = bytes.subspan(start + offset, size);
}

const gguf_value* gguf_file::find(std::string_view key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

void gguf_file::wrong_type(std::string_view key, const gguf_value& value, std::string_view expected) const {
  std::string type(name_of(value.type));
  if (value.type == gguf_type::array)
    type += " of " + std::string(name_of(value.element));
  throw model_error(where() + ": metadata \"" + std::string(key) + "\" is of type " + type + ", expected " +
                    std::string(expected));
}

std::optional<std::int64_t> gguf_file::integer(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  const auto result = as_integer(value->type, value->data.data());
  if (!result)
    wrong_type(key, *value, "an integer below 2^63");
  return result;
}

std::optional<double> gguf_file::number(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (value->type == gguf_type::f32)
    return load<float>(value->data.data());
  if (value->type == gguf_type::f64)
    return load<double>(value->data.data());
  const auto result = as_integer(value->type, value->data.data());
  if (!result)
    wrong_type(key, *value, "a number");
  return static_cast<double>(*result);
}

std::optional<bool> gguf_file::boolean(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (value->type != gguf_type::boolean)
    wrong_type(key, *value, "a bool");
  return value->data[0] != std::byte{0};
}

std::optional<std::string_view> gguf_file::string(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (value->type != gguf_type::string)
    wrong_type(key, *value, "a string");
  return as_text(value->data);
}

std::optional<std::vector<std::string_view>> gguf_file::strings(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (value->type != gguf_type::array || value->element != gguf_type::string)
    wrong_type(key, *value, "an array of strings");
  std::vector<std::string_view> result;
  reader in(value->data, where());
  for (std::uint64_t i = 0; i < value->count; ++i)
    result.push_back(in.text(key));
  return result;
}

std::optional<std::vector<std::int64_t>> gguf_file::integers(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (value->type != gguf_type::array || width_of(value->element) == 0)
    wrong_type(key, *value, "an array of integers");
  std::vector<std::int64_t> result;
  const auto width = width_of(value->element);
  for (std::uint64_t i = 0; i < value->count; ++i) {
    const auto one = as_integer(value->element, value->data.data() + i * width);
    if (!one)
      wrong_type(key, *value, "an array of integers");
    result.push_back(*one);
  }
  return result;
}

std::optional<std::vector<bool>> gguf_file::booleans(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (value->type != gguf_type::array || value->element != gguf_type::boolean)
    wrong_type(key, *value, "an array of truths");
  std::vector<bool> result;
  for (const auto byte : value->data)
    result.push_back(byte != std::byte{0});
  return result;
}

std::optional<std::vector<float>> gguf_file::floats(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (value->type != gguf_type::array || value->element != gguf_type::f32)
    wrong_type(key, *value, "an array of float32");
  std::vector<float> result;
  for (std::uint64_t i = 0; i < value->count; ++i)
    result.push_back(load<float>(value->data.data() + i * sizeof(float)));
  return result;
}

} // namespace avp
