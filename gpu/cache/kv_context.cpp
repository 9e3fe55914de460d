// Contexts as AVP payload bodies, and AVP payloads as caches.
#include "gpu/cache/kv_context.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include <ATen/ATen.h>

#include "gpu/cache/gather_positions.hpp"
#include "gpu/cache/recipe_layout.hpp"
#include "gpu/device_error.hpp"
#include "gpu/kernels/finite.hpp"
#include "transport/kv.hpp"

namespace avp {

namespace {

std::int64_t steps_of(const std::shared_ptr<const recipe>& history) {
  std::int64_t steps = 0;
  for (const auto& [begin, end] : recipe_layouts().of_kind(position_kind::latent, history, {0, history->tokens()}))
    steps += end - begin;
  return steps;
}

kv_header header_of(const model_fingerprint& model, std::int64_t tokens) {
  const auto& config = model.config;
  return {static_cast<std::uint32_t>(config.num_layers), static_cast<std::uint32_t>(config.num_kv_heads),
          static_cast<std::uint32_t>(config.head_dim), static_cast<std::uint32_t>(tokens), model.kv_dtype};
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

kv_context::kv_context(std::shared_ptr<const model_fingerprint> model, std::shared_ptr<block_pool> pool, sequence from,
                       at::Tensor hidden, std::shared_ptr<const recipe> history, std::uint64_t task,
                       payload_origins origins)
    : model_(std::move(model)),
      pool_(std::move(pool)),
      tokens_(from.length()),
      history_(std::move(history)),
      latent_steps_(steps_of(history_)),
      task_(task),
      origins_(std::move(origins)),
      hidden_(std::move(hidden)),
      blocks_(from.release()) {}

kv_context::kv_context(std::shared_ptr<const model_fingerprint> model, std::shared_ptr<block_pool> pool,
                       std::shared_ptr<const recipe> history, std::uint64_t task)
    : model_(std::move(model)),
      pool_(std::move(pool)),
      tokens_(history->tokens()),
      history_(std::move(history)),
      latent_steps_(steps_of(history_)),
      task_(task),
      resident_(false) {}

// The last holder may be on any thread: the blocks are only posted, and the device drops them at its next step.
kv_context::~kv_context() { pool_->post({blocks_.rbegin(), blocks_.rend()}); }

std::vector<float> kv_context::last_hidden_state() const {
  const std::scoped_lock lock(guard_);
  if (!hidden_.defined())
    return {};
  auto values = hidden_.to(at::kCPU).contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

metadata kv_context::describe_from(std::int64_t first) const {
  metadata meta;
  meta.model_id = model_->config.name;
  meta.hidden_dim = static_cast<std::uint32_t>(model_->config.hidden_size);
  describe_kv(header_of(*model_, tokens_ - first), meta);
  meta.extra = {{"model_hash", model_->model_hash},
                {"model_family", model_->config.family},
                {"num_steps", std::to_string(latent_steps_)},
                {"weights_digest", model_->weights_digest},
                {"recipe", history_->id()}};
  return meta;
}

std::uint64_t kv_context::layer_bytes(std::int64_t positions) const {
  const auto& config = model_->config;
  return static_cast<std::uint64_t>(config.num_kv_heads * positions * config.head_dim) *
         element_bytes(model_->kv_dtype);
}

std::uint64_t kv_context::size_from(std::int64_t first) const {
  return kv_header_bytes + 2 * model_->config.num_layers * layer_bytes(tokens_ - first);
}

void kv_context::write_from(std::int64_t first, std::uint64_t offset, std::span<std::byte> out) const {
  if (offset < kv_header_bytes && !out.empty()) {
    std::array<std::byte, kv_header_bytes> header{};
    write_kv_header(header_of(*model_, tokens_ - first), header);
    const auto count = std::min<std::uint64_t>(kv_header_bytes - offset, out.size());
    std::memcpy(out.data(), header.data() + offset, count);
    offset += count;
    out = out.subspan(count);
  }
  const auto tensor_bytes = layer_bytes(tokens_ - first);
  while (!out.empty()) { // one tensor at a time: keys of layer 0, values of layer 0, keys of layer 1, …
    const auto place = offset - kv_header_bytes;
    const auto index = static_cast<std::int64_t>(place / tensor_bytes);
    const auto within = place % tensor_bytes;
    const auto count = std::min<std::uint64_t>(tensor_bytes - within, out.size());
    write_tensor({index / 2, index % 2, first, tokens_}, within, out.first(count));
    offset += count;
    out = out.subspan(count);
  }
}

void kv_context::check_resident() const {
  if (!resident_)
    throw std::runtime_error("the device took the memory of this context back; continue on it to have it rebuilt");
}

void kv_context::write_tensor(const tensor_place& place, std::uint64_t offset, std::span<std::byte> out) const {
  if (!pool_->data().is_cpu()) {
    const auto packed = gathered(place.layer, place.part, place.first);
    std::memcpy(out.data(), static_cast<const std::byte*>(packed.const_data_ptr()) + offset, out.size());
    return;
  }
  const std::scoped_lock lock(guard_);
  check_resident();
  gather_positions(*pool_, blocks_, place, offset, out);
}

at::Tensor kv_context::gathered(std::int64_t layer, std::int64_t part, std::int64_t first) const {
  const c10::InferenceMode no_gradients;
  const std::scoped_lock lock(guard_);
  check_resident();
  const auto& shape = pool_->shape();
  const auto wanted = std::span(blocks_).subspan(static_cast<std::size_t>(first / block_positions));
  const auto count = static_cast<std::int64_t>(wanted.size());
  auto index = at::tensor(at::ArrayRef(wanted.data(), wanted.size()), at::kInt).to(pool_->data().device());
  auto packed = pool_->data().select(1, layer).select(1, part).index_select(0, index); // [blocks, kv_heads, …]
  auto by_position = part == 0
                         ? packed.view({count, shape.kv_heads, shape.head_dim, block_positions}).permute({1, 0, 3, 2})
                         : packed.view({count, shape.kv_heads, block_positions, shape.head_dim}).permute({1, 0, 2, 3});
  return by_position.reshape({shape.kv_heads, count * block_positions, shape.head_dim})
      .narrow(1, first % block_positions, tokens_ - first)
      .to(at::kCPU)
      .contiguous();
}

bool kv_context::pin() const {
  const std::scoped_lock lock(guard_);
  pins_ += resident_ ? 1 : 0;
  return resident_;
}

void kv_context::unpin() const { --pins_; }

std::optional<sequence> kv_context::fork(std::int64_t length) const {
  if (!resident_)
    return std::nullopt;
  return sequence(pool_, std::span(blocks_).first(static_cast<std::size_t>(blocks_of(length))), length);
}

std::int64_t kv_context::sole_blocks() const {
  return std::count_if(blocks_.begin(), blocks_.end(), [&](block_id block) { return pool_->holders(block) == 1; });
}

bool kv_context::evict() const {
  const std::unique_lock lock(guard_, std::try_to_lock);
  if (!lock)
    return false;
  while (!blocks_.empty()) {
    pool_->drop(blocks_.back());
    blocks_.pop_back();
  }
  resident_ = false;
  return true;
}

void kv_context::restore(const sequence& rebuilt, const at::Tensor& hidden) const {
  if (resident_) // another request that continues here was first
    return;
  const std::scoped_lock lock(guard_);
  if (!hidden_.defined() && hidden.defined())
    hidden_ = hidden.clone();
  blocks_ = rebuilt.blocks();
  for (auto block : blocks_)
    pool_->hold(block);
  resident_ = true;
}

namespace {

kv_header checked_header(const payload& message, const model_fingerprint& model) {
  const auto refuse = [](const std::string& why) { return request_error(error_code::context_mismatch, why); };
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
  return *header;
}

} // namespace

std::int64_t kv_payload_tokens(const payload& message, const model_fingerprint& model) {
  return checked_header(message, model).seq_len;
}

namespace {

// Keys or values [kv_heads, positions, head_dim] of one layer in the order of a block: [kv_heads, …].
at::Tensor in_block_order(const at::Tensor& by_position, std::int64_t part) {
  return part == 0 ? by_position.transpose(-1, -2) : by_position;
}

// Positions into whole blocks from the first one on.
void fill_blocks(const at::Tensor& of_layer, std::int64_t part, std::span<const block_id> blocks,
                 const at::Tensor& positions) {
  const auto heads = positions.size(0), count = positions.size(1), dim = positions.size(2);
  const auto all = static_cast<std::int64_t>(blocks.size());
  auto padded = at::zeros({heads, all * block_positions, dim}, of_layer.options());
  padded.narrow(1, 0, count).copy_(positions);
  const auto by_block = in_block_order(padded.view({heads, all, block_positions, dim}), part).transpose(0, 1);
  const auto index = at::tensor(at::ArrayRef(blocks.data(), blocks.size()), at::kLong).to(of_layer.device());
  of_layer.index_copy_(0, index, by_block.reshape({all, heads, block_positions * dim}));
}

// Positions into a block that holds others before them, which somebody may be reading.
void fill_rest(const at::Tensor& of_layer, std::int64_t part, block_id block, std::int64_t slot,
               const at::Tensor& positions) {
  const auto heads = positions.size(0), dim = positions.size(2);
  const auto whole = of_layer.select(0, block);
  const auto target = part == 0 ? whole.view({heads, dim, block_positions}).narrow(2, slot, positions.size(1))
                                : whole.view({heads, block_positions, dim}).narrow(1, slot, positions.size(1));
  target.copy_(in_block_order(positions, part));
}

} // namespace

void read_kv_payload(const payload& message, const model_fingerprint& model, block_pool& pool, sequence& into) {
  const auto header = checked_header(message, model);
  const auto& shape = pool.shape();
  const std::int64_t count = header.seq_len, slot = into.length() % block_positions;
  into.extend(count);
  const auto begun = slot == 0 ? 0 : std::min(count, block_positions - slot); // go into the block that was begun
  const auto blocks = std::span(into.blocks()).subspan(static_cast<std::size_t>(into.length() / block_positions));
  std::uint64_t offset = kv_header_bytes;
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    for (const std::int64_t part : {0, 1}) {
      auto tensor = at::empty({shape.kv_heads, count, shape.head_dim}, scalar_type(header.dtype));
      message.body->write(offset, {static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()});
      offset += tensor.nbytes();
      tensor = tensor.to(shape.dtype);
      if (!all_finite(tensor))
        throw request_error(error_code::context_mismatch,
                            std::string("the context that came has infinities or NaN in the ") +
                                (part == 0 ? "keys" : "values") + " of layer " + std::to_string(layer) +
                                ": it is damaged, or the model of its sender is; nothing continues on it");
      const auto of_layer = pool.data().select(1, layer).select(1, part); // [blocks, kv_heads, …]
      if (begun > 0)
        fill_rest(of_layer, part, blocks.front(), slot, tensor.narrow(1, 0, begun));
      if (begun < count)
        fill_blocks(of_layer, part, blocks.subspan(begun > 0 ? 1 : 0), tensor.narrow(1, begun, count - begun));
    }
  }
  into.advance(count);
  pool.count_read(count);
}

} // namespace avp
