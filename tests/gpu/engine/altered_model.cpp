// Changes at the places that the original's table of contents names.
#include "tests/gpu/engine/altered_model.hpp"

#include <fstream>
#include <random>
#include <stdexcept>
#include <vector>

#include "tests/gpu/model/gguf_writer.hpp"

namespace avp::test {

altered_model::altered_model(const std::filesystem::path& original)
    : path_(folder_.path() / "altered.gguf"),
      original_(std::make_shared<mapped_file>(original)),
      contents_(original_) {
  std::filesystem::copy_file(original, path_);
}

void altered_model::add_noise(float relative, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  for (const auto& [name, tensor] : contents_.tensors()) {
    if (!name.ends_with("norm.weight"))
      continue;
    if (tensor.type != tensor_type::f32)
      throw std::runtime_error("noise is made for norms in float32; " + name + " is " +
                               std::string(to_string(tensor.type)));
    std::vector<float> values(tensor.data.size() / sizeof(float));
    dequantize(tensor.type, tensor.data.data(), values);
    std::string bytes;
    for (const float value : values)
      bytes += bytes_of(value * (1 + relative * normal(random)));
    write(offset_of(tensor.data), bytes);
  }
}

void altered_model::scale_number(const std::string& key_ending, float factor) {
  const auto offset = offset_of_number(key_ending);
  float value = 0;
  std::memcpy(&value, read(offset, sizeof value).data(), sizeof value);
  write(offset, bytes_of(value * factor));
}

void altered_model::set_number(const std::string& key_ending, float value) {
  write(offset_of_number(key_ending), bytes_of(value));
}

void altered_model::swap_heads(const std::string& tensor, std::int64_t head_dim, std::int64_t first,
                               std::int64_t second) {
  const auto& matrix = contents_.tensors().at(tensor);
  const auto head_bytes = matrix.data.size() / static_cast<std::size_t>(matrix.shape[0] / head_dim);
  const auto start = offset_of(matrix.data);
  const auto one = read(start + static_cast<std::uint64_t>(first) * head_bytes, head_bytes);
  const auto other = read(start + static_cast<std::uint64_t>(second) * head_bytes, head_bytes);
  write(start + static_cast<std::uint64_t>(first) * head_bytes, other);
  write(start + static_cast<std::uint64_t>(second) * head_bytes, one);
}

std::uint64_t altered_model::offset_of(std::span<const std::byte> part) const {
  return static_cast<std::uint64_t>(part.data() - original_->bytes().data());
}

std::uint64_t altered_model::offset_of_number(const std::string& key_ending) const {
  for (const auto& [key, value] : contents_.metadata())
    if (key.ends_with(key_ending) && value.type == gguf_type::f32)
      return offset_of(value.data);
  throw std::runtime_error("no float of the file's metadata ends with " + key_ending);
}

std::string altered_model::read(std::uint64_t offset, std::size_t size) const {
  std::ifstream in(path_, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset));
  std::string bytes(size, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  return bytes;
}

void altered_model::write(std::uint64_t offset, std::string_view bytes) const {
  std::fstream out(path_, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(offset));
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush())
    throw std::runtime_error("the copy " + path_.string() + " can't be written");
}

} // namespace avp::test
