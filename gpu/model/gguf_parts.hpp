// A GGUF model in one file or, split, in several.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gpu/model/gguf.hpp"

namespace avp {

/// The names of all parts of the split model that a part of this name belongs to (NAME-00001-of-00003.gguf); of any
/// other file its own name.
[[nodiscard]] std::vector<std::string> names_of_parts(const std::string& name);

/// All files of a GGUF model. Those of a split one are named NAME-00001-of-00003.gguf and so on, and say in their
/// metadata split.no, split.count and split.tensors.count, as gguf-split of llama.cpp writes them.
class gguf_parts {
public:
  /// Opens the file, and where it is a part of a split model the others beside it. Throws model_error where some are
  /// missing or don't belong together.
  explicit gguf_parts(const std::filesystem::path& path);

  /// The file with the metadata: the first one.
  [[nodiscard]] const gguf_file& first() const { return files_.front(); }

  /// Tensors of all files.
  [[nodiscard]] const std::map<std::string, tensor_view>& tensors() const { return tensors_; }
  [[nodiscard]] const std::map<std::string, unreadable_tensor>& unreadable() const { return unreadable_; }

  /// The files, mapped, in order.
  [[nodiscard]] std::vector<std::shared_ptr<const mapped_file>> mapped() const;

private:
  void open_all(gguf_file one, std::int64_t number, std::int64_t count);
  void check_part(const gguf_file& part, std::int64_t number) const;
  void take_tensors(const gguf_file& from);

  std::vector<gguf_file> files_;
  std::map<std::string, tensor_view> tensors_;
  std::map<std::string, unreadable_tensor> unreadable_;
};

} // namespace avp
