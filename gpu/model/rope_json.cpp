// The rope_type of config.json and what belongs to it, in the ways of transformers 4 and 5.
#include "gpu/model/rope_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "gpu/model/family/families.hpp"
#include "gpu/model/rope_scaling.hpp"

namespace avp {

namespace {

// An object that describes a rotation, and what it does not say itself.
struct rope_source {
  config_reader object;
  double theta;
  std::int64_t dim; // rotated values of a head
  double longest;   // positions
  double original;  // positions of the context before it was stretched
};

double positive(const config_reader& rope, std::string_view key, double value) {
  if (!(value > 0 && std::isfinite(value)))
    rope.fail(key, "is " + std::to_string(value) + ", expected a positive number");
  return value;
}

rope linear_rope(const rope_source& from) {
  const double factor = positive(from.object, "factor", from.object.required_number("factor"));
  return {from.theta, std::vector<float>(static_cast<std::size_t>(from.dim / 2), static_cast<float>(factor))};
}

rope llama3_rope(const rope_source& from) {
  const llama3_scaling scaling{from.object.required_number("factor"), from.object.required_number("low_freq_factor"),
                               from.object.required_number("high_freq_factor"), from.original};
  if (!(scaling.factor >= 1 && scaling.low > 0 && scaling.high > scaling.low && scaling.original > 0))
    from.object.fail("factor", "and its neighbours must fulfil factor >= 1, 0 < low_freq_factor < high_freq_factor, "
                               "original_max_position_embeddings > 0");
  return {from.theta, llama3_factors(scaling, from.theta, from.dim)};
}

rope yarn_rope(const rope_source& from) {
  const auto& object = from.object;
  yarn_scaling scaling{object.number("factor").value_or(from.longest / from.original), from.original,
                       object.number("beta_fast").value_or(32), object.number("beta_slow").value_or(1),
                       object.boolean("truncate", true)};
  if (!(scaling.factor >= 1 && scaling.beta_fast > scaling.beta_slow && scaling.beta_slow > 0 && scaling.original > 1))
    object.fail("factor", "and its neighbours must fulfil factor >= 1, 0 < beta_slow < beta_fast, "
                          "original_max_position_embeddings > 1");
  const auto weight = object.number("mscale").value_or(0), weight_of_all = object.number("mscale_all_dim").value_or(0);
  const double magnitude = weight != 0 && weight_of_all != 0
                               ? yarn_magnitude(scaling.factor, weight) / yarn_magnitude(scaling.factor, weight_of_all)
                               : yarn_magnitude(scaling.factor);
  return {from.theta, yarn_factors(scaling, from.theta, from.dim),
          object.number("attention_factor").value_or(magnitude)};
}

// Transformers takes the short factors as long as a text fits the original context and the long ones from then on,
// also for what it rotated before; here the longest text decides from the first token on.
rope longrope_rope(const rope_source& from) {
  const auto& object = from.object;
  const std::string_view key = from.longest > from.original ? "long_factor" : "short_factor";
  const auto factors = object.numbers(key);
  if (!factors)
    object.fail(key, "is missing");
  if (static_cast<std::int64_t>(factors->size()) != from.dim / 2 ||
      !std::ranges::all_of(*factors, [](double factor) { return factor > 0 && std::isfinite(factor); }))
    object.fail(key, "must be " + std::to_string(from.dim / 2) + " positive numbers");
  const double stretched = object.number("factor").value_or(from.longest / from.original);
  return {from.theta, std::vector<float>(factors->begin(), factors->end()),
          object.number("attention_factor").value_or(longrope_magnitude(stretched, from.original))};
}

// The base grows with the text only beyond max_position_embeddings, where no request comes.
rope dynamic_rope(const rope_source& from) {
  (void)positive(from.object, "factor", from.object.required_number("factor"));
  return {from.theta, {}};
}

struct rope_kind {
  std::string_view type;
  std::vector<std::string_view> keys;
  rope (*make)(const rope_source& from);
};

const std::vector<rope_kind>& rope_kinds() {
  static const std::vector<rope_kind> kinds{
      {"default",
       {},
       [](const rope_source& from) {
         return rope{from.theta, {}};
       }},
      {"linear", {"factor"}, linear_rope},
      {"dynamic", {"factor"}, dynamic_rope},
      {"llama3", {"factor", "low_freq_factor", "high_freq_factor"}, llama3_rope},
      {"yarn",
       {"factor", "beta_fast", "beta_slow", "truncate", "attention_factor", "mscale", "mscale_all_dim"},
       yarn_rope},
      {"longrope", {"factor", "short_factor", "long_factor", "attention_factor"}, longrope_rope}};
  return kinds;
}

// As in transformers: "type" is the older name of "rope_type", and without either the type is "default". Phi-3 was
// published with older names of "longrope", too.
std::string rope_type_of(const config_reader& rope) {
  const auto older = rope.text("type", "default");
  const auto type = rope.text("rope_type", older);
  if (rope.find("type") != nullptr && type != older)
    rope.fail("rope_type", "is \"" + type + "\", but \"type\" beside it is \"" + older + "\"");
  return type == "su" || (type == "yarn" && rope.contains("long_factor")) ? "longrope" : type;
}

// A key that is not known may change the frequencies, so that leaving it aside would give wrong answers in silence.
rope rope_from(const rope_source& from) {
  const auto& object = from.object;
  const auto type = rope_type_of(object);
  const auto known = std::ranges::find(rope_kinds(), type, &rope_kind::type);
  if (known == rope_kinds().end()) {
    std::string types;
    for (const auto& kind : rope_kinds())
      types += (types.empty() ? "" : ", ") + std::string(kind.type);
    object.fail("rope_type", "is \"" + type + "\"; these work: " + types);
  }
  std::vector<std::string_view> keys{"rope_type", "type", "rope_theta", "partial_rotary_factor"};
  keys.insert(keys.end(), known->keys.begin(), known->keys.end());
  if (!known->keys.empty())
    keys.emplace_back("original_max_position_embeddings");
  const bool is_said = object.find("rope_type") != nullptr || object.find("type") != nullptr;
  object.refuse_other_keys(keys, is_said ? "for the rope_type \"" + type + "\"" : "without a rope_type");
  return known->make(from);
}

// transformers 4 writes rope_scaling beside rope_theta, transformers 5 both into rope_parameters.
constexpr std::array rope_places{"rope_scaling", "rope_parameters"};

// What describes the layers of a type: the places themselves, or what they hold for that type of layers.
std::vector<config_reader> rope_objects(const config_reader& config, bool by_type, std::string_view type) {
  std::vector<config_reader> objects;
  for (const auto* place : rope_places)
    if (auto object = config.object(place)) {
      const bool is_nested = by_type && (object->contains("full_attention") || object->contains("sliding_attention"));
      if (!is_nested && type == "full_attention")
        objects.push_back(*std::move(object));
      else if (is_nested)
        if (auto inner = object->object(type))
          objects.push_back(*std::move(inner));
    }
  return objects;
}

[[noreturn]] void contradiction(const config_reader& config, const std::string& key) {
  config.fail("rope_parameters", "and \"rope_scaling\" contradict each other in " + key);
}

double theta_from(const config_reader& config, const std::vector<config_reader>& objects, double otherwise) {
  std::optional<double> inner;
  for (const auto& object : objects)
    if (const auto theta = object.number("rope_theta")) {
      if (inner.value_or(*theta) != *theta)
        contradiction(config, "rope_theta");
      inner = theta;
    }
  return inner.value_or(otherwise);
}

rope rope_of_objects(const config_reader& config, const std::vector<config_reader>& objects, double theta,
                     const model_config& result) {
  std::optional<rope> found;
  const auto longest = static_cast<double>(result.max_positions);
  for (const auto& object : objects) {
    const auto original = config.number("original_max_position_embeddings")
                              .value_or(object.number("original_max_position_embeddings").value_or(longest));
    auto its = rope_from({object, theta, result.rotated(), longest, original});
    if (found.value_or(its) != its)
      contradiction(config, "what they make of the frequencies");
    found = std::move(its);
  }
  return found.value_or(rope{theta, {}});
}

void read_rotary_dim(const config_reader& place, model_config& result) {
  const auto factor = place.number("partial_rotary_factor").value_or(1);
  if (factor == 1)
    return;
  if (!family_of(result).partial_rotary)
    place.fail("partial_rotary_factor",
               "is not 1; rotary embedding of a part of each head is not supported for " + result.family + " models");
  if (!(factor > 0 && factor < 1))
    place.fail("partial_rotary_factor", "is " + std::to_string(factor) + ", expected a part, above 0 and up to 1");
  result.rotary_dim = static_cast<std::int64_t>(static_cast<double>(result.head_dim) * factor);
  if (result.rotary_dim % 2 != 0 || result.rotary_dim == 0)
    place.fail("partial_rotary_factor", "makes " + std::to_string(result.rotary_dim) + " of " +
                                            std::to_string(result.head_dim) +
                                            " values of a head; expected an even number of them");
}

} // namespace

void read_rope(const config_reader& config, model_config& result) {
  const bool by_type = result.window_rotary.has_value();
  const auto objects = rope_objects(config, by_type, "full_attention");
  read_rotary_dim(config, result);
  for (const auto& object : objects)
    read_rotary_dim(object, result);
  result.rotary.theta = theta_from(config, objects, config.number("rope_theta").value_or(result.rotary.theta));
  result.rotary = rope_of_objects(config, objects, result.rotary.theta, result);
  if (!by_type)
    return;
  const auto of_windows = rope_objects(config, by_type, "sliding_attention");
  const auto theta =
      theta_from(config, of_windows, config.number("rope_local_base_freq").value_or(result.window_rotary->theta));
  result.window_rotary = rope_of_objects(config, of_windows, theta, result);
}

} // namespace avp
