// Which tokens end an answer.
#include "gpu/text/end_of_turn.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace avp {

std::vector<std::int32_t> end_of_turn_tokens(std::span<const vocabulary_token> tokens,
                                             std::span<const std::int32_t> declared) {
  constexpr std::array<std::string_view, 5> names{"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>",
                                                  "<|endoftext|>"};
  std::vector<std::int32_t> ids;
  const auto add = [&](std::int32_t id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      ids.push_back(id);
  };
  for (const std::int32_t id : declared)
    if (id >= 0 && static_cast<std::size_t>(id) < tokens.size())
      add(id);
  for (const std::string_view name : names)
    for (std::size_t id = 0; id < tokens.size(); ++id)
      if (tokens[id].kind == token_kind::special && tokens[id].text == name)
        add(static_cast<std::int32_t>(id));
  return ids;
}

} // namespace avp
