// Looking things up in a family's table.
#include "gpu/model/family/family.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace avp {

namespace {

/// "blk.3.attn_q.weight" in its pieces.
struct name_pieces {
  std::string_view layer; ///< "3"; empty outside of layers.
  std::string_view stem;  ///< "attn_q"
  std::string_view end;   ///< ".weight"
};

name_pieces pieces_of(std::string_view name, std::string_view layers) {
  name_pieces pieces;
  if (name.starts_with(layers))
    if (const auto dot = name.find('.', layers.size()); dot != std::string_view::npos) {
      pieces.layer = name.substr(layers.size(), dot - layers.size());
      name.remove_prefix(dot + 1);
    }
  const auto dot = std::min(name.rfind('.'), name.size());
  pieces.stem = name.substr(0, dot);
  pieces.end = name.substr(dot);
  return pieces;
}

} // namespace

std::vector<family_tensor> family::rows_of(weight_part part) const {
  std::vector<family_tensor> rows;
  std::ranges::copy_if(tensors, std::back_inserter(rows), [&](const auto& row) { return row.part == part; });
  return rows;
}

std::vector<std::string> family::names_of(weight_part part, std::int64_t layer) const {
  std::vector<std::string> names;
  for (const auto& row : rows_of(part))
    names.push_back(row.name(layer));
  return names;
}

std::string family::name_of(weight_part part, std::int64_t layer) const {
  auto names = names_of(part, layer);
  if (names.size() != 1)
    throw std::logic_error("the table of the family " + std::string(model_type) + " has " +
                           std::to_string(names.size()) + " tensors where one is read");
  return std::move(names.front());
}

std::string family::renamed(std::string_view gguf_name) const {
  const auto [layer, stem, end] = pieces_of(gguf_name, "blk.");
  const auto row = std::ranges::find_if(tensors, [&, inside = !layer.empty(), key = stem](const auto& tensor) {
    return tensor.gguf == key && is_of_layer(tensor.part) == inside;
  });
  const std::string prefix = layer.empty() ? "" : "model.layers." + std::string(layer) + ".";
  return prefix + std::string(row == tensors.end() ? stem : row->hugging_face) + std::string(end);
}

bool family::is_rotated(std::string_view name) const {
  const auto stem = pieces_of(name, "model.layers.").stem;
  return std::ranges::any_of(tensors, [&](const auto& row) { return row.rotated && row.hugging_face == stem; });
}

} // namespace avp
