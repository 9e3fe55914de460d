// The canonical encoding of a recipe.
#include "gpu/recipe.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "gpu/float_text.hpp"
#include "transport/sha256.hpp"

namespace avp {

namespace {

using nlohmann::json;

json object_of(const injected_rows& from) {
  const auto& facts = from.facts;
  auto vectors = json::array();
  for (const auto& vector : from.vectors)
    vectors.push_back(base64_of(vector));
  json object = {{"vectors", vectors},
                 {"width", from.vectors.front().size()},
                 {"source", from.source},
                 {"method", name_of(facts.method)},
                 {"pairing", name_of(facts.pairing)}};
  visit_figures(facts, [&](const char* name, const auto& value) { object[name] = value; });
  return object;
}

// A value by the name that an object has for it.
template <class Value>
Value named_in(const json& object, const char* key) {
  const auto name = object.at(key).get<std::string>();
  if (const auto value = value_named<Value>(name))
    return *value;
  throw std::runtime_error("a recipe has a " + std::string(key) + " that is not known: " + name);
}

injected_rows read_injected(const json& object) {
  injected_rows made;
  const auto width = object.at("width").get<std::size_t>();
  for (const auto& text : object.at("vectors")) {
    auto vector = floats_of_base64(text.get<std::string>(), width);
    if (!vector)
      throw std::runtime_error("a recipe has a vector that is not base64 of " + std::to_string(width) + " numbers");
    made.vectors.push_back(std::move(*vector));
  }
  object.at("source").get_to(made.source);
  auto& facts = made.facts;
  facts.method = named_in<projection_method>(object, "method");
  facts.pairing = named_in<pairing>(object, "pairing");
  visit_figures(facts, [&](const char* name, auto& value) { object.at(name).get_to(value); });
  return made;
}

// Fills a recipe from its object. Throws nlohmann's exceptions where a key is missing or of another type.
recipe read(const json& object, const recipe::find_parent& parent_of) {
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
  made.from_state = object.value("from_state", false);
  object.at("imported").get_to(made.imported);
  object.at("imported_tokens").get_to(made.imported_tokens);
  if (const auto injected = object.find("injected"); injected != object.end())
    made.injected = read_injected(*injected);
  object.at("prompt").get_to(made.prompt);
  object.at("latent_steps").get_to(made.latent_steps);
  object.at("generated").get_to(made.generated);
  object.at("seed").get_to(made.seed);
  return made;
}

json object_of(const recipe& from) {
  auto object = json::object(); // std::map inside: keys come out sorted
  object["version"] = recipe_version;
  object["weights"] = from.weights_digest;
  object["numerics"] = from.numerics;
  object["parents"] = json::array();
  for (const auto& parent : from.parents)
    object["parents"].push_back(parent->id());
  object["spans"] = json::array();
  for (const auto& span : from.spans)
    object["spans"].push_back({span.parent, span.begin, span.end});
  object["rotated"] = from.rotated;
  if (from.from_state) // so that all others are written as they were before there was this one
    object["from_state"] = true;
  object["imported"] = from.imported;
  object["imported_tokens"] = from.imported_tokens;
  if (!from.injected.vectors.empty()) // recipes without have the ids that they had before there were any
    object["injected"] = object_of(from.injected);
  object["prompt"] = from.prompt;
  object["latent_steps"] = from.latent_steps;
  object["generated"] = from.generated;
  object["seed"] = from.seed;
  return object;
}

// What was written before encodings had a version: as version 1, but for two names.
constexpr std::pair<const char*, const char*> renamed[] = {{"foreign", "imported"},
                                                           {"foreign_tokens", "imported_tokens"}};

bool has_no_version(const json& object) {
  return object.is_object() && !object.contains("version") && object.contains("foreign");
}

json with_version(json object) {
  for (const auto& [then, now] : renamed) {
    object[now] = object.at(then);
    object.erase(then);
  }
  object["version"] = recipe_version;
  return object;
}

void check_same(const std::string& encoding, const json& again) {
  if (const auto expected = again.dump(); expected != encoding)
    throw std::runtime_error("this is no recipe in its canonical encoding: expected " + expected);
}

std::runtime_error no_recipe(const json::exception& error) {
  return std::runtime_error(std::string("this is no recipe: ") + error.what());
}

} // namespace

std::shared_ptr<const recipe> recipe::frozen(recipe draft) {
  auto made = std::make_shared<recipe>(std::move(draft));
  made->known_.tokens = made->tokens();
  made->known_.id = made->id();
  return made;
}

std::string recipe::encode() const { return object_of(*this).dump(); }

std::string recipe::id() const { return known_.id.empty() ? sha256_hex(encode()) : known_.id; }

std::int64_t recipe::tokens() const {
  if (!known_.id.empty())
    return known_.tokens;
  auto sum = imported_tokens + static_cast<std::int64_t>(injected.vectors.size() + prompt.size() + generated.size()) +
             latent_steps;
  for (const auto& span : spans)
    sum += span.end - span.begin;
  if (spans.empty() && !from_state)
    for (const auto& parent : parents)
      sum += parent->tokens();
  return sum;
}

std::shared_ptr<const recipe> recipe::leading_parent() const {
  if (spans.empty())
    return parents.empty() || from_state ? nullptr : parents.front();
  const auto& first = spans.front();
  const auto& parent = parents[first.parent];
  return first.begin == 0 && first.end == parent->tokens() ? parent : nullptr;
}

void recipe::check() const {
  const auto fail = [](const std::string& why) { throw std::runtime_error("this is no recipe: " + why); };
  if (spans.empty() && parents.size() > 1)
    fail("it has " + std::to_string(parents.size()) + " parents and does not say what is kept of them");
  if (latent_steps < 0 || imported_tokens < 0)
    fail("it counts less than nothing");
  if (latent_steps > 0 && prompt.empty() && !from_state)
    fail("it has latent steps without a prompt before them");
  if (from_state && (parents.size() != 1 || !spans.empty() || !imported.empty() || !injected.vectors.empty() ||
                     !prompt.empty() || latent_steps == 0))
    fail("it is made of the last hidden state of a context, and of that state its first latent step can be made alone");
  for (const auto& vector : injected.vectors) {
    if (vector.empty() || vector.size() != injected.vectors.front().size())
      fail("its vectors are empty or of several widths");
    if (!std::ranges::all_of(vector, [](float value) { return std::isfinite(value); }))
      fail("it has a vector with a value that is not finite");
  }
  for (const auto& span : spans)
    if (span.parent >= parents.size() || span.begin < 0 || span.begin >= span.end ||
        span.end > parents[span.parent]->tokens())
      fail("it keeps positions " + std::to_string(span.begin) + " to " + std::to_string(span.end) + " of parent " +
           std::to_string(span.parent) + ", which has no such");
}

std::shared_ptr<const recipe> recipe::decode(const std::string& encoding, const find_parent& parent_of) {
  try {
    const auto object = json::parse(encoding);
    const auto version = has_no_version(object) ? json(0) : object.value("version", json(recipe_version));
    if (version != recipe_version)
      throw std::runtime_error("this recipe has an encoding of version " + version.dump() +
                               ", and this program reads version " + std::to_string(recipe_version) +
                               "; both sides need programs of the same version");
    auto made = read(object, parent_of);
    made.check();
    check_same(encoding, object_of(made));
    return frozen(std::move(made));
  } catch (const json::exception& error) {
    throw no_recipe(error);
  }
}

std::shared_ptr<const recipe> recipe::decode_kept(const std::string& encoding, const find_parent& parent_of) {
  try {
    const auto object = json::parse(encoding);
    if (!has_no_version(object))
      return decode(encoding, parent_of);
    check_same(encoding, object);
    auto made = read(with_version(object), parent_of);
    made.check();
    return frozen(std::move(made));
  } catch (const json::exception& error) {
    throw no_recipe(error);
  }
}

} // namespace avp
