// tokenizer.model is a protocol buffer. Numbers of fields: sentencepiece_model.proto of SentencePiece.
#include "gpu/text/sentencepiece_model.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <google/protobuf/io/coded_stream.h>

#include "gpu/model/model_error.hpp"
#include "gpu/text/json_file.hpp"
#include "gpu/text/sentencepiece_steps.hpp"

namespace avp {

namespace {

/// A field of a message, with what it holds: a number, or bytes.
struct message_field {
  std::uint32_t id = 0;
  std::uint64_t number = 0;
  std::string bytes;
};

/// What a message is read for: pieces, how it was trained, what is done to a text.
struct sentencepiece_file {
  enum kind : std::uint8_t { unigram = 1, bpe = 2 };
  enum piece_type : std::uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

  struct piece {
    std::string text;
    float score = 0;
    std::uint64_t type = normal;
  };

  std::vector<piece> pieces;
  std::uint64_t model_type = unigram;
  bool blanks_behind = false, byte_fallback = false;
  std::string bos = "<s>", eos = "</s>";
  std::string normalizer, replaced_characters;
  bool adds_prefix = true, takes_blanks_out = true, marks_blanks = true;
};

// The encoding of protocol buffers; false where the bytes are not such a message.
bool read_fields(const std::string& message, const std::function<bool(message_field)>& read) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(message.data()),
                                            static_cast<int>(message.size()));
  while (const auto tag = in.ReadTag()) {
    message_field field{.id = tag >> 3U, .number = 0, .bytes = ""};
    std::uint32_t half = 0;
    bool is_good = false;
    switch (tag & 7U) {
    case 0:
      is_good = in.ReadVarint64(&field.number);
      break;
    case 1:
      is_good = in.ReadLittleEndian64(&field.number);
      break;
    case 2:
      is_good = in.ReadVarint32(&half) && in.ReadString(&field.bytes, static_cast<int>(half));
      break;
    case 5:
      is_good = in.ReadLittleEndian32(&half);
      field.number = half;
      break;
    default:
      break;
    }
    if (!is_good || !read(std::move(field)))
      return false;
  }
  return in.ConsumedEntireMessage();
}

bool read_piece(const std::string& message, sentencepiece_file::piece& to) {
  return read_fields(message, [&](message_field field) {
    if (field.id == 1)
      to.text = std::move(field.bytes);
    else if (field.id == 2)
      to.score = std::bit_cast<float>(static_cast<std::uint32_t>(field.number));
    else if (field.id == 3)
      to.type = field.number;
    return true;
  });
}

bool read_trainer(const std::string& message, sentencepiece_file& to) {
  return read_fields(message, [&](message_field field) {
    if (field.id == 3)
      to.model_type = field.number;
    else if (field.id == 24)
      to.blanks_behind = field.number != 0;
    else if (field.id == 35)
      to.byte_fallback = field.number != 0;
    else if (field.id == 46)
      to.bos = std::move(field.bytes);
    else if (field.id == 47)
      to.eos = std::move(field.bytes);
    return true;
  });
}

bool read_normalizer(const std::string& message, sentencepiece_file& to) {
  return read_fields(message, [&](message_field field) {
    if (field.id == 1)
      to.normalizer = std::move(field.bytes);
    else if (field.id == 2)
      to.replaced_characters = std::move(field.bytes);
    else if (field.id == 3)
      to.adds_prefix = field.number != 0;
    else if (field.id == 4)
      to.takes_blanks_out = field.number != 0;
    else if (field.id == 5)
      to.marks_blanks = field.number != 0;
    return true;
  });
}

bool read_file(const std::string& message, sentencepiece_file& to) {
  return read_fields(message, [&](const message_field& field) {
    return field.id == 1   ? read_piece(field.bytes, to.pieces.emplace_back())
           : field.id == 2 ? read_trainer(field.bytes, to)
           : field.id == 3 ? read_normalizer(field.bytes, to)
                           : true;
  });
}

token_kind kind_of(std::uint64_t type) {
  switch (type) {
  case sentencepiece_file::unknown:
  case sentencepiece_file::control:
    return token_kind::special;
  case sentencepiece_file::user_defined:
    return token_kind::added;
  case sentencepiece_file::unused:
    return token_kind::unused;
  case sentencepiece_file::byte:
    return token_kind::byte;
  default:
    return token_kind::normal;
  }
}

std::optional<std::int32_t> find_control(const vocabulary& in, const std::string& text) {
  const auto found = std::ranges::find_if(
      in.tokens, [&](const auto& token) { return token.kind == token_kind::special && token.text == text; });
  if (found == in.tokens.end())
    return std::nullopt;
  return static_cast<std::int32_t>(found - in.tokens.begin());
}

// What keeps a file from being read exactly; empty for nothing.
std::string refusal_of(const sentencepiece_file& file) {
  if (file.model_type != sentencepiece_file::unigram && file.model_type != sentencepiece_file::bpe)
    return "is of SentencePiece's type WORD or CHAR; what works is UNIGRAM and BPE";
  if (!file.replaced_characters.empty())
    return "replaces characters by the table \"" + file.normalizer +
           "\" (precompiled_charsmap), which is not supported";
  if (file.takes_blanks_out)
    return "takes blanks out of texts (remove_extra_whitespaces), which is not supported";
  if (!file.marks_blanks)
    return "leaves blanks as they are (escape_whitespaces), which is not supported";
  if (file.blanks_behind)
    return "writes blanks behind words (treat_whitespace_as_suffix), which is not supported";
  const auto own = std::ranges::find(file.pieces, sentencepiece_file::user_defined, &sentencepiece_file::piece::type);
  if (file.adds_prefix && own != file.pieces.end()) // a text would get one behind each of them
    return "puts a blank in front of texts (add_dummy_prefix) and has pieces of its user (\"" + own->text +
           "\"), which is not supported together";
  return "";
}

} // namespace

vocabulary parse_sentencepiece_model(const std::string& bytes, const std::filesystem::path& path) {
  sentencepiece_file file;
  const bool is_whole =
      bytes.size() <= std::numeric_limits<int>::max() && read_file(bytes, file) && !file.pieces.empty();
  const auto refusal = is_whole ? refusal_of(file) : "is damaged or no model of SentencePiece";
  if (!refusal.empty())
    throw model_error(path.string() + ": " + refusal + ". A tokenizer.json of the model, or a GGUF file, may work");
  vocabulary result;
  result.model = file.model_type == sentencepiece_file::unigram ? subword_kind::unigram : subword_kind::scored_bpe;
  for (const auto& piece : file.pieces) {
    if (piece.type == sentencepiece_file::unknown)
      result.unknown = static_cast<std::int32_t>(result.tokens.size());
    result.tokens.push_back({piece.text, kind_of(piece.type), piece.score});
    result.tokens.back().is_normalized = piece.type == sentencepiece_file::user_defined;
  }
  add_sentencepiece_steps(file.adds_prefix, result);
  result.byte_fallback = file.byte_fallback;
  result.bos = find_control(result, file.bos);
  if (const auto end = find_control(result, file.eos))
    result.end_of_turn = {*end};
  return result;
}

vocabulary read_sentencepiece_model(const std::filesystem::path& path) {
  return parse_sentencepiece_model(read_whole_file(path), path);
}

} // namespace avp
