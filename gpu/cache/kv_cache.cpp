// The contiguous KV-cache.
#include <ATen/ATen.h>

#include <avp/gpu/cache/kv_cache.hpp>

namespace avp {

kv_cache::kv_cache(std::int64_t layers, std::int64_t kv_heads, std::int64_t head_dim, std::int64_t capacity,
                   const at::TensorOptions& options) {
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    keys_.push_back(at::empty({kv_heads, capacity, head_dim}, options));
    values_.push_back(at::empty({kv_heads, capacity, head_dim}, options));
  }
}

at::Tensor kv_cache::keys(std::int64_t layer, std::int64_t positions) const {
  return keys_[layer].narrow(1, 0, positions);
}

at::Tensor kv_cache::values(std::int64_t layer, std::int64_t positions) const {
  return values_[layer].narrow(1, 0, positions);
}

void kv_cache::write(std::int64_t layer, const at::Tensor& key, const at::Tensor& value) {
  keys_[layer].narrow(1, length_, key.size(1)).copy_(key);
  values_[layer].narrow(1, length_, value.size(1)).copy_(value);
}

void kv_cache::copy_from(const kv_cache& other) {
  for (std::int64_t layer = 0; layer < layers(); ++layer)
    write(layer, other.keys(layer, other.length()), other.values(layer, other.length()));
  advance(other.length());
}

void kv_cache::trim() {
  if (keys_.empty() || length_ * 4 > keys_.front().size(1) * 3)
    return;
  for (auto* tensors : {&keys_, &values_})
    for (auto& tensor : *tensors)
      tensor = tensor.narrow(1, 0, length_).clone(at::MemoryFormat::Contiguous);
}

} // namespace avp
