// Comparing what prompts name with each other.
#include "runtime/pipeline/mistyped_variables.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "agents/prompt_template.hpp"
#include "runtime/pipeline/agent_templates.hpp"
#include "runtime/pipeline/earlier_texts.hpp"
#include "runtime/pipeline/history.hpp"
#include "runtime/text/words.hpp"
#include "transport/nearest_name.hpp"

namespace avp {
namespace {

/// A template with what it can name besides fields.
struct template_names {
  std::string path;
  std::vector<prompt_template::variable_place> variables;
  std::vector<std::string> given;
};

/// Reads all templates of a pipeline, each place once: several agents may share one of [defaults].
class template_reader {
public:
  template_reader(const pipeline& p, const pipeline_source& source, const std::vector<kind_info>& kinds)
      : p_(p),
        source_(source),
        kinds_(kinds) {}

  std::vector<template_names> read() {
    for (const auto& agent : p_.agents) {
      const auto before = p_.flow.ancestors(agent.name);
      for (const auto& one : templates_of(agent, source_))
        add(one.path, one.text, one.key == "direct_prompt" ? std::vector<std::string>() : before);
      add_options(agent);
    }
    return std::move(all_);
  }

private:
  void add(const std::string& path, const std::string& text, const std::vector<std::string>& given) {
    try {
      if (!text.empty() && seen_.insert(path).second)
        all_.push_back({path, prompt_template(text).places(), given});
    } catch (const template_error&) { // a mistake that was reported
    }
  }

  void add_options(const agent_spec& agent) {
    for (const auto& kind : kinds_)
      if (kind.name == agent.kind && kind.options)
        for (const auto& option : *kind.options)
          if (option.type == option_type::prompt && agent.options.contains(option.name) &&
              agent.options.at(option.name).is_string())
            add("agent." + agent.name + ".options." + option.name, agent.options.at(option.name).get<std::string>(),
                option.variables);
  }

  const pipeline& p_;
  const pipeline_source& source_;
  const std::vector<kind_info>& kinds_;
  std::vector<template_names> all_;
  std::set<std::string> seen_;
};

bool names_variable(const template_names& one, const std::string& variable) {
  return std::any_of(one.variables.begin(), one.variables.end(),
                     [&](const auto& place) { return place.name == variable; });
}

std::optional<field_use> first_use(const std::vector<template_names>& templates, const std::string& field) {
  for (const auto& one : templates)
    for (const auto& [name, offset] : one.variables)
      if (name == field)
        return field_use{name, one.path, offset};
  return std::nullopt;
}

bool is_agent_of(const pipeline& p, const std::string& name) {
  return std::any_of(p.agents.begin(), p.agents.end(), [&](const agent_spec& agent) { return agent.name == name; });
}

bool is_field_of(const pipeline& p, const template_names& one, const std::string& name) {
  return name != earlier_variable && name != history_variable && !contains(one.given, name) && !is_agent_of(p, name);
}

/// In the order in which they are held against others.
std::vector<std::string> ranked_fields(const pipeline& p, const std::vector<template_names>& templates) {
  std::vector<std::string> fields;
  std::map<std::string, std::size_t> uses;
  for (const auto& one : templates) {
    std::set<std::string> here;
    for (const auto& place : one.variables)
      if (is_field_of(p, one, place.name) && here.insert(place.name).second && ++uses[place.name] == 1)
        fields.push_back(place.name);
  }
  std::stable_sort(fields.begin(), fields.end(), [&](const auto& a, const auto& b) {
    const auto rank = [&](const auto& name) { return std::pair(p.input.ask == name, uses.at(name)); };
    return rank(a) > rank(b);
  });
  return fields;
}

/// Numbers count as one, whatever they are.
std::string without_digits(std::string_view name) {
  std::string rest;
  for (const char c : name)
    if (c < '0' || c > '9')
      rest += c;
  return rest;
}

std::vector<std::string_view> parts_of(std::string_view name) {
  std::vector<std::string_view> parts;
  for (auto at = name.find_first_of("_-"); at != std::string_view::npos; at = name.find_first_of("_-")) {
    parts.push_back(name.substr(0, at));
    name.remove_prefix(at + 1);
  }
  parts.push_back(name);
  return parts;
}

/// Whether names differ, but only in parts of one letter.
bool differ_in_letters(std::string_view a, std::string_view b) {
  const auto first = parts_of(a);
  const auto second = parts_of(b);
  return first != second &&
         std::equal(first.begin(), first.end(), second.begin(), second.end(),
                    [](const auto& x, const auto& y) { return x == y || (x.size() == 1 && y.size() == 1); });
}

} // namespace

bool is_slip(std::string_view a, std::string_view b) {
  constexpr std::size_t shortest = 4;
  constexpr std::size_t long_name = 8;
  const auto size = std::min(a.size(), b.size());
  if (size < shortest || without_digits(a) == without_digits(b) || differ_in_letters(a, b))
    return false;
  return edit_distance(a, b) <= (size < long_name ? 1 : 2);
}

std::vector<mistyped_variable> mistyped_variables(const pipeline& p, const pipeline_source& source,
                                                  const std::vector<kind_info>& kinds) {
  const auto templates = template_reader(p, source, kinds).read();
  const auto fields = ranked_fields(p, templates);
  const auto together = [&](const std::string& a, const std::string& b) {
    return std::any_of(templates.begin(), templates.end(),
                       [&](const auto& one) { return names_variable(one, a) && names_variable(one, b); });
  };
  const auto meant = [&](const template_names& one, const std::string& name) -> std::optional<std::string> {
    for (const auto& other : fields) {
      if (other == name)
        break;
      if (is_slip(name, other) && !together(name, other))
        return other;
    }
    for (const auto& other : one.given)
      if (is_slip(name, other) && !together(name, other))
        return other;
    return std::nullopt;
  };
  std::vector<mistyped_variable> found;
  for (const auto& one : templates)
    for (const auto& [name, offset] : one.variables) {
      const auto other = is_field_of(p, one, name) ? meant(one, name) : std::nullopt;
      if (!other)
        continue;
      found.push_back(
          {{name, one.path, offset}, *other, contains(fields, *other) ? first_use(templates, *other) : std::nullopt});
    }
  return found;
}

} // namespace avp
