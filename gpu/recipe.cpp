// The canonical encoding of a recipe.
#include <stdexcept>

#include <nlohmann/json.hpp>

#include <avp/gpu/recipe.hpp>
#include <avp/transport/handshake/hash.hpp>

namespace avp {

namespace {

using nlohmann::json;

// Fills a recipe from its object. Throws nlohmann's exceptions where a key is missing or of another type.
recipe read(const json& object, const std::function<std::shared_ptr<const recipe>(const std::string& id)>& parent_of) {
  recipe made;
  object.at("weights").get_to(made.weights_digest);
  object.at("numerics").get_to(made.numerics);
  for (const auto& id : object.at("parents")) {
    auto parent = parent_of(id.get<std::string>());
    if (!parent)
      throw std::runtime_error("a recipe continues on " + id.get<std::string>() + ", which is not known");
    made.parents.push_back(std::move(parent));
  }
  for (const auto& span : object.at("spans"))
    made.spans.push_back({span.at(0), span.at(1), span.at(2)});
  object.at("rotated").get_to(made.rotated);
  object.at("foreign").get_to(made.foreign);
  object.at("foreign_tokens").get_to(made.foreign_tokens);
  object.at("prompt").get_to(made.prompt);
  object.at("latent_steps").get_to(made.latent_steps);
  object.at("generated").get_to(made.generated);
  object.at("seed").get_to(made.seed);
  return made;
}

} // namespace

std::shared_ptr<const recipe> recipe::frozen(recipe draft) {
  auto made = std::make_shared<recipe>(std::move(draft));
  made->known_.tokens = made->tokens();
  made->known_.id = made->id();
  return made;
}

std::string recipe::encode() const {
  auto object = json::object(); // std::map inside: keys come out sorted
  object["weights"] = weights_digest;
  object["numerics"] = numerics;
  object["parents"] = json::array();
  for (const auto& parent : parents)
    object["parents"].push_back(parent->id());
  object["spans"] = json::array();
  for (const auto& span : spans)
    object["spans"].push_back({span.parent, span.begin, span.end});
  object["rotated"] = rotated;
  object["foreign"] = foreign;
  object["foreign_tokens"] = foreign_tokens;
  object["prompt"] = prompt;
  object["latent_steps"] = latent_steps;
  object["generated"] = generated;
  object["seed"] = seed;
  return object.dump();
}

std::string recipe::id() const { return known_.id.empty() ? sha256_hex(encode()) : known_.id; }

std::int64_t recipe::tokens() const {
  if (!known_.id.empty())
    return known_.tokens;
  auto sum = foreign_tokens + static_cast<std::int64_t>(prompt.size() + generated.size()) + latent_steps;
  for (const auto& span : spans)
    sum += span.end - span.begin;
  if (spans.empty())
    for (const auto& parent : parents)
      sum += parent->tokens();
  return sum;
}

std::shared_ptr<const recipe> recipe::leading_parent() const {
  if (spans.empty())
    return parents.empty() ? nullptr : parents.front();
  const auto& first = spans.front();
  const auto& parent = parents[first.parent];
  return first.begin == 0 && first.end == parent->tokens() ? parent : nullptr;
}

void recipe::check() const {
  const auto fail = [](const std::string& why) { throw std::runtime_error("this is no recipe: " + why); };
  if (spans.empty() && parents.size() > 1)
    fail("it has " + std::to_string(parents.size()) + " parents and does not say what is kept of them");
  if (latent_steps < 0 || foreign_tokens < 0)
    fail("it counts less than nothing");
  if (latent_steps > 0 && prompt.empty())
    fail("it has latent steps without a prompt before them");
  for (const auto& span : spans)
    if (span.parent >= parents.size() || span.begin < 0 || span.begin >= span.end ||
        span.end > parents[span.parent]->tokens())
      fail("it keeps positions " + std::to_string(span.begin) + " to " + std::to_string(span.end) + " of parent " +
           std::to_string(span.parent) + ", which has no such");
}

std::shared_ptr<const recipe>
recipe::decode(const std::string& encoding,
               const std::function<std::shared_ptr<const recipe>(const std::string& id)>& parent_of) {
  recipe made;
  try {
    made = read(json::parse(encoding), parent_of);
  } catch (const json::exception& error) {
    throw std::runtime_error(std::string("this is no recipe: ") + error.what());
  }
  made.check();
  if (made.encode() != encoding)
    throw std::runtime_error("this is no recipe in its canonical encoding: expected " + made.encode());
  return frozen(std::move(made));
}

} // namespace avp
