// The canonical encoding of a recipe.
#include <nlohmann/json.hpp>

#include <avp/gpu/recipe.hpp>
#include <avp/transport/handshake/hash.hpp>

namespace avp {

std::string recipe::encode() const {
  auto object = nlohmann::json::object(); // std::map inside: keys come out sorted
  object["weights"] = weights_digest;
  object["numerics"] = numerics;
  object["parents"] = nlohmann::json::array();
  for (const auto& parent : parents)
    object["parents"].push_back(parent->id());
  object["foreign"] = foreign;
  object["prompt"] = prompt;
  object["latent_steps"] = latent_steps;
  object["generated"] = generated;
  object["seed"] = seed;
  return object.dump();
}

std::string recipe::id() const { return sha256_hex(encode()); }

} // namespace avp
