// Makes the model of subwords that a vocabulary asks for.
#include "gpu/text/make_subword_model.hpp"

#include <utility>

#include "gpu/text/bpe_model.hpp"
#include "gpu/text/scored_bpe_model.hpp"
#include "gpu/text/unigram_model.hpp"

namespace avp {

std::shared_ptr<const subword_model> make_subword_model(const vocabulary& source,
                                                        std::shared_ptr<const token_ids> ids) {
  switch (source.model) {
  case subword_kind::byte_level_bpe:
  case subword_kind::bpe:
    return std::make_shared<bpe_model>(source, std::move(ids));
  case subword_kind::scored_bpe:
    return std::make_shared<scored_bpe_model>(source, std::move(ids));
  case subword_kind::unigram:
    break;
  }
  return std::make_shared<unigram_model>(source, std::move(ids));
}

} // namespace avp
