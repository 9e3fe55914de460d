// Fuzz target: text as the JSON of a handshake, an identity, a configuration, a vocabulary, a fallback message.
#include <cstdlib>
#include <string_view>

#include "transport/handshake/hash.hpp"
#include "transport/handshake/hello.hpp"
#include "transport/handshake/json_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto hello = avp::read_hello(text)) {
    const auto again = avp::read_hello(avp::to_json(*hello));
    if (!again || *again != *hello)
      std::abort();
    (void)hello->weights_digest();
  }
  if (const auto message = avp::read_json_message(text)) {
    const auto again = avp::read_json_message(avp::to_json(*message));
    if (!again || *again != *message)
      std::abort();
  }
  (void)avp::read_identity(text);
  (void)avp::identity_from_config(text);
  (void)avp::model_hash(text);
  (void)avp::tokenizer_hash(text);
  return 0;
}
