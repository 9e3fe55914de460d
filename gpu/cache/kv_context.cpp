// Contexts as AVP payload bodies, and AVP payloads as caches.
#include <algorithm>
#include <array>
#include <cstring>

#include <ATen/ATen.h>

#include <avp/gpu/cache/kv_context.hpp>
#include <avp/gpu/device_error.hpp>
#include <avp/transport/kv.hpp>

namespace avp {

namespace {

int total_steps(const recipe& history) {
  int steps = history.latent_steps;
  for (const auto& parent : history.parents)
    steps += total_steps(*parent);
  return steps;
}

kv_header header_of(const model_identity& model, std::int64_t tokens) {
  const auto& config = model.config;
  return {static_cast<std::uint32_t>(config.num_layers), static_cast<std::uint32_t>(config.num_kv_heads),
          static_cast<std::uint32_t>(config.head_dim), static_cast<std::uint32_t>(tokens), model.dtype};
}

at::ScalarType scalar_type(data_type dtype) {
  switch (dtype) {
  case data_type::float16:
    return at::kHalf;
  case data_type::bfloat16:
    return at::kBFloat16;
  default:
    return at::kFloat;
  }
}

} // namespace

kv_context::kv_context(std::shared_ptr<const model_identity> model, kv_cache cache, at::Tensor hidden,
                       std::shared_ptr<const recipe> history)
    : model_(std::move(model)),
      cache_(std::move(cache)),
      hidden_(std::move(hidden)),
      history_(std::move(history)) {}

std::vector<float> kv_context::last_hidden_state() const {
  auto values = hidden_.to(at::TensorOptions().dtype(at::kFloat).device(at::kCPU)).contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

metadata kv_context::describe() const {
  metadata meta;
  meta.model_id = model_->config.name;
  meta.hidden_dim = static_cast<std::uint32_t>(model_->config.hidden_size);
  describe_kv(header_of(*model_, tokens()), meta);
  meta.extra = {{"model_hash", model_->model_hash},
                {"model_family", model_->config.family},
                {"num_steps", std::to_string(total_steps(*history_))},
                {"weights_digest", model_->weights_digest},
                {"recipe", history_->id()}};
  return meta;
}

std::uint64_t kv_context::layer_bytes() const {
  const auto& config = model_->config;
  return static_cast<std::uint64_t>(config.num_kv_heads * tokens() * config.head_dim) * element_bytes(model_->dtype);
}

std::uint64_t kv_context::size() const { return kv_header_bytes + 2 * model_->config.num_layers * layer_bytes(); }

void kv_context::write(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset < kv_header_bytes && !out.empty()) {
    std::array<std::byte, kv_header_bytes> header{};
    write_kv_header(header_of(*model_, tokens()), header);
    const auto count = std::min<std::uint64_t>(kv_header_bytes - offset, out.size());
    std::memcpy(out.data(), header.data() + offset, count);
    offset += count;
    out = out.subspan(count);
  }
  while (!out.empty()) { // one tensor at a time: keys of layer 0, values of layer 0, keys of layer 1, …
    const auto place = offset - kv_header_bytes;
    const auto index = static_cast<std::int64_t>(place / layer_bytes());
    const auto within = place % layer_bytes();
    auto view = index % 2 == 0 ? cache_.keys(index / 2, tokens()) : cache_.values(index / 2, tokens());
    auto packed = view.to(at::kCPU).contiguous();
    const auto count = std::min<std::uint64_t>(layer_bytes() - within, out.size());
    std::memcpy(out.data(), static_cast<const std::byte*>(packed.const_data_ptr()) + within, count);
    offset += count;
    out = out.subspan(count);
  }
}

kv_cache read_kv_payload(const payload& message, const model_identity& model,
                         const std::function<kv_cache(std::int64_t)>& make_cache) {
  const auto refuse = [](const std::string& why) { return request_error(device_errc::context_mismatch, why); };
  std::array<std::byte, kv_header_bytes> start{};
  if (message.body->size() < start.size())
    throw refuse("the payload is too short for a KV-cache: " + std::to_string(message.body->size()) + " bytes");
  message.body->write(0, start);
  auto header = read_kv_header(start);
  if (!header)
    throw refuse(header.error().message);
  if (auto checked = check_kv(*header, message.meta, message.body->size()); !checked)
    throw refuse(checked.error().message);
  auto expected_header = header_of(model, header->seq_len);
  expected_header.dtype = header->dtype;
  if (*header != expected_header)
    throw refuse("the context has " + std::to_string(header->num_layers) + " layers of " +
                 std::to_string(header->num_kv_heads) + " heads × " + std::to_string(header->head_dim) + ", model '" +
                 model.config.name + "' has " + std::to_string(model.config.num_layers) + " of " +
                 std::to_string(model.config.num_kv_heads) + " × " + std::to_string(model.config.head_dim));
  auto cache = make_cache(header->seq_len);
  std::uint64_t offset = kv_header_bytes;
  auto read_next = [&] {
    auto tensor = at::empty({header->num_kv_heads, header->seq_len, header->head_dim}, scalar_type(header->dtype));
    message.body->write(offset, {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()});
    offset += tensor.nbytes();
    return tensor;
  };
  for (std::int64_t layer = 0; layer < cache.layers(); ++layer) {
    auto keys = read_next();
    cache.write(layer, keys, read_next());
  }
  cache.advance(header->seq_len);
  return cache;
}

} // namespace avp
