// GGUF files, versions 2 and 3: metadata and tensors as they lie in the file, every size checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/mapped_file.hpp"
#include "gpu/model/tensor_type.hpp"

namespace avp {

/// Types of metadata values. Numbers as in the file.
enum class gguf_type : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// One metadata value, still as bytes of the file; all lengths in it are known to lie inside the file.
struct gguf_value {
  gguf_type type = gguf_type::u8;
  gguf_type element = gguf_type::u8; ///< Of an array.
  std::uint64_t count = 0;           ///< Elements of an array.
  std::span<const std::byte> data;   ///< The value itself: of an array its elements, of a string its characters.
};

/// The parsed table of contents of a GGUF file. Reading throws model_error with file, offset and what is wrong there.
class gguf_file {
public:
  /// Parses the whole table of contents; tensor data is not touched.
  explicit gguf_file(std::shared_ptr<const mapped_file> file);

  /// Metadata by key.
  [[nodiscard]] const std::map<std::string, gguf_value, std::less<>>& metadata() const { return metadata_; }

  /// Tensors by the names that the file gives them; shapes outermost first.
  [[nodiscard]] const std::map<std::string, tensor_view>& tensors() const { return tensors_; }

  /// Tensors of types that can't be read, likewise; where they lie in the file is not known.
  [[nodiscard]] const std::map<std::string, unreadable_tensor>& unreadable() const { return unreadable_; }

  /// The file, mapped.
  [[nodiscard]] const std::shared_ptr<const mapped_file>& file() const { return file_; }

  /// Path of the file, for messages.
  [[nodiscard]] std::string where() const { return file_->path().string(); }

  /// Typed reading of one key: nothing when it is not there, model_error when it has another type.
  /// An integer of any width is an integer; an integer is also good where a number is wanted.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
  [[nodiscard]] std::optional<double> number(std::string_view key) const;
  [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
  [[nodiscard]] std::optional<std::string_view> string(std::string_view key) const;
  [[nodiscard]] std::optional<std::vector<std::string_view>> strings(std::string_view key) const;
  [[nodiscard]] std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
  [[nodiscard]] std::optional<std::vector<float>> floats(std::string_view key) const;
  [[nodiscard]] std::optional<std::vector<bool>> booleans(std::string_view key) const;

private:
  class reader;

  void read_metadata(reader& in, std::uint64_t count);
  void read_tensors(reader& in, std::uint64_t count);
  void place_tensor(tensor_view& tensor, const std::string& name, std::uint64_t offset, std::uint64_t start) const;
  [[nodiscard]] const gguf_value* find(std::string_view key) const;
  [[noreturn]] void wrong_type(std::string_view key, const gguf_value& value, std::string_view expected) const;

  std::shared_ptr<const mapped_file> file_;
  std::map<std::string, gguf_value, std::less<>> metadata_;
  std::map<std::string, tensor_view> tensors_;
  std::map<std::string, unreadable_tensor> unreadable_;
};

} // namespace avp
