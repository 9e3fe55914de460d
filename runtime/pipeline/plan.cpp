// Who runs in one mode of a pipeline, after whom, on what.
#include "runtime/pipeline/plan.hpp"

#include <algorithm>
#include <map>

#include "agents/prompt_template.hpp"
#include "runtime/pipeline/history.hpp"
#include "runtime/text/words.hpp"

namespace avp {
namespace {

/// The names in a template; one that does not parse has none (the loader has reported it).
std::set<std::string> variables_of(const std::string& text) {
  try {
    return prompt_template(text).variables();
  } catch (const template_error&) {
    return {};
  }
}

class planner {
public:
  planner(const pipeline& p, avp::mode mode, const std::vector<kind_info>& kinds)
      : p_(p),
        mode_(mode),
        kinds_(kinds),
        order_(p.flow.topological_order()) {}

  plan make() {
    result_.mode = mode_;
    result_.output = p_.output;
    if (mode_ == mode::direct)
      add_agent(p_.output);
    else
      for (const auto& name : order_)
        add_agent(name);
    if (mode_ != mode::direct)
      add_edges();
    if (mode_ == mode::latent) {
      decide_texts();
      choose_contexts();
    }
    connect_agents(result_);
    for (auto& agent : result_.agents) {
      read_templates(agent);
      order_after(agent);
    }
    result_.fields.erase(std::string(history_variable)); // a record may lack it
    return std::move(result_);
  }

private:
  planned_agent& find(std::string_view name) {
    return *std::find_if(result_.agents.begin(), result_.agents.end(), [&](const auto& a) { return a.name == name; });
  }

  [[nodiscard]] bool answers(const std::string& kind) const {
    const auto known = std::find_if(kinds_.begin(), kinds_.end(), [&](const auto& k) { return k.name == kind; });
    return known == kinds_.end() || known->answers;
  }

  void make_text(planned_agent& agent) {
    agent.makes_text = true;
    if (agent.kind == "think")
      agent.kind = "generate";
  }

  void choose(planned_agent& agent, prompt_choice choice, const std::optional<std::string>& text) {
    if (!text)
      return;
    agent.choice = choice;
    agent.prompt = *text;
  }

  void add_agent(const std::string& name) {
    const auto& spec = p_.agent(name);
    planned_agent agent{.name = name, .kind = spec.kind, .model = p_.first_of(spec.model), .prompt = spec.prompt};
    agent.answers_task = name == p_.output;
    agent.may_fail = !agent.answers_task && spec.on_failure == on_failure::skip;
    if (mode_ == mode::direct)
      choose(agent, prompt_choice::direct_prompt, spec.direct_prompt);
    if (mode_ == mode::text)
      choose(agent, prompt_choice::text_prompt, spec.text_prompt);
    if (mode_ == mode::latent && !answers(spec.kind))
      agent.makes_text = spec.kind == "think" && spec.note > 0 && !agent.answers_task; // a note is no answer
    else
      make_text(agent);
    result_.agents.push_back(std::move(agent));
  }

  void add_edges() {
    for (const auto& edge : p_.flow.edges())
      result_.edges.push_back({edge.from, edge.to, way_between(p_.agent(edge.from), p_.agent(edge.to))});
  }

  [[nodiscard]] hand_over way_between(const agent_spec& from, const agent_spec& to) const {
    if (mode_ != mode::latent)
      return hand_over::text;
    if (p_.same_model(from.model, to.model))
      return hand_over::context;
    return wants_projection(from, to) && is_local(from) && is_local(to) ? hand_over::projection : hand_over::text;
  }

  [[nodiscard]] bool wants_projection(const agent_spec& from, const agent_spec& to) const {
    return to.cross_model == cross_model::project && p_.model(from.model) != nullptr && p_.model(to.model) != nullptr;
  }

  [[nodiscard]] static bool is_local(const agent_spec& spec) { return spec.nodes.empty(); }

  /// Who must answer because somebody reads its text, and what is said about it.
  void decide_texts() {
    for (const auto& edge : result_.edges) {
      if (edge.how != hand_over::text)
        continue;
      auto& to = find(edge.to);
      choose(to, prompt_choice::text_prompt, p_.agent(edge.to).text_prompt);
      make_text(find(edge.from));
      const auto& from_model = p_.agent(edge.from).model;
      const auto& to_model = p_.agent(edge.to).model;
      const auto model = [](const std::string& name) { return name.empty() ? "no model" : "model \"" + name + "\""; };
      const bool apart = wants_projection(p_.agent(edge.from), p_.agent(edge.to));
      result_.notes.push_back(edge.from + " -> " + edge.to + " falls back to text: " + edge.from + " runs on " +
                              model(from_model) + ", " + edge.to + " on " + model(to_model) +
                              (apart ? ", and thoughts are projected on one machine only." : "."));
    }
    for (const auto& to : result_.agents) {
      if (to.choice != prompt_choice::text_prompt)
        continue;
      const auto ancestors = p_.flow.ancestors(to.name);
      for (const auto& name : variables_of(to.prompt))
        if (contains(ancestors, name) && !find(name).makes_text) {
          make_text(find(name));
          result_.notes.push_back(name + " answers instead of thinking: the text_prompt of " + to.name +
                                  " needs its text.");
        }
    }
  }

  [[nodiscard]] std::vector<std::string> context_predecessors(const std::string& name) const {
    std::vector<std::string> result;
    for (const auto& edge : result_.edges)
      if (edge.to == name && edge.how == hand_over::context)
        result.push_back(edge.from);
    return result;
  }

  /// Everyone whose context reaches `name`.
  [[nodiscard]] std::set<std::string> context_ancestors(const std::string& name) const {
    std::set<std::string> found;
    auto open = context_predecessors(name);
    while (!open.empty()) {
      const auto next = std::move(open.back());
      open.pop_back();
      if (found.insert(next).second)
        for (auto& before : context_predecessors(next))
          open.push_back(std::move(before));
    }
    return found;
  }

  [[nodiscard]] bool joins_in_sequence(const std::string& name) const {
    return p_.agent(name).merge == join_way::sequence && context_predecessors(name).size() > 1;
  }

  void choose_contexts() {
    for (auto& agent : result_.agents)
      agent.contexts_from = context_predecessors(agent.name);
    for (const auto& group : shared_caches())
      run_in_sequence(group);
    for (auto& agent : result_.agents)
      add_projections(agent);
  }

  /// A projected context is one of several, in the order of the flow; behind a shared cache it is put at the end.
  void add_projections(planned_agent& agent) {
    std::vector<std::string> all;
    for (const auto& edge : result_.edges) {
      if (edge.to != agent.name || edge.how == hand_over::text)
        continue;
      all.push_back(edge.from);
      if (agent.in_sequence && edge.how == hand_over::projection)
        agent.contexts_from.push_back(edge.from);
    }
    if (!agent.in_sequence)
      agent.contexts_from = all;
  }

  /// The agents of each cache that several share; joins with common ancestors have one.
  [[nodiscard]] std::vector<std::set<std::string>> shared_caches() const {
    std::vector<std::set<std::string>> groups;
    for (const auto& agent : result_.agents) {
      if (!joins_in_sequence(agent.name))
        continue;
      auto group = context_ancestors(agent.name);
      for (auto other = groups.begin(); other != groups.end();) {
        const bool overlap =
            std::any_of(other->begin(), other->end(), [&](const auto& name) { return group.contains(name); });
        if (overlap)
          group.merge(*other);
        other = overlap ? groups.erase(other) : other + 1;
      }
      groups.push_back(std::move(group));
    }
    return groups;
  }

  void run_in_sequence(const std::set<std::string>& group) {
    std::vector<std::string> last;
    for (auto& agent : result_.agents) {
      const auto before = context_predecessors(agent.name);
      if (group.contains(agent.name)) {
        agent.contexts_from = last;
        agent.in_sequence = !last.empty();
        last = {agent.name};
        if (before.size() > 1 && !joins_in_sequence(agent.name))
          result_.notes.push_back(agent.name + " has nothing to join: its branches run one after another on one cache, "
                                               "which an agent behind it joins in sequence.");
      } else if (joins_in_sequence(agent.name) && group.contains(before.front())) {
        // A join at the end of the cache: its last ancestor has all the others before it.
        for (const auto& name : order_)
          if (contains(before, name))
            agent.contexts_from = {name};
        agent.in_sequence = true;
      }
    }
  }

  /// Variables of the prompts among an agent's options, less those that its kind gives.
  [[nodiscard]] std::set<std::string> option_variables(const agent_spec& spec) const {
    std::set<std::string> names;
    for (const auto& kind : kinds_)
      if (kind.name == spec.kind && kind.options)
        for (const auto& option : *kind.options)
          if (option.type == option_type::prompt && spec.options.contains(option.name) &&
              spec.options.at(option.name).is_string())
            for (const auto& name : variables_of(spec.options.at(option.name).get<std::string>()))
              if (!contains(option.variables, name))
                names.insert(name);
    return names;
  }

  void read_templates(planned_agent& agent) {
    auto names = variables_of(agent.prompt);
    names.merge(variables_of(p_.agent(agent.name).system));
    const auto ancestors = mode_ == mode::direct ? std::vector<std::string>() : p_.flow.ancestors(agent.name);
    for (const auto& name : ancestors)
      if (names.erase(name) > 0)
        agent.texts.push_back(name);
    result_.fields.merge(names);
    result_.fields.merge(option_variables(p_.agent(agent.name)));
  }

  void order_after(planned_agent& agent) {
    std::set<std::string> after(agent.from.begin(), agent.from.end());
    after.insert(agent.contexts_from.begin(), agent.contexts_from.end());
    for (const auto& name : order_)
      if (after.contains(name))
        agent.after.push_back(name);
  }

  const pipeline& p_;
  avp::mode mode_;
  const std::vector<kind_info>& kinds_;
  std::vector<std::string> order_;
  plan result_;
};

} // namespace

void connect_agents(plan& planned) {
  for (auto& agent : planned.agents) {
    agent.from.clear();
    agent.to.clear();
    for (const auto& edge : planned.edges) {
      if (edge.to == agent.name)
        agent.from.push_back(edge.from);
      if (edge.from == agent.name)
        agent.to.push_back(edge.to);
    }
    agent.readers = static_cast<std::size_t>(
        std::count_if(planned.agents.begin(), planned.agents.end(),
                      [&](const planned_agent& other) { return contains(other.contexts_from, agent.name); }));
  }
}

const planned_agent* plan::find(std::string_view agent_name) const {
  for (const auto& agent : agents)
    if (agent.name == agent_name)
      return &agent;
  return nullptr;
}

plan make_plan(const pipeline& p, avp::mode mode, const std::vector<kind_info>& kinds) {
  return planner(p, mode, kinds).make();
}

std::vector<std::string> missing_fields(const plan& planned, const std::set<std::string>& fields) {
  std::vector<std::string> missing;
  std::set_difference(planned.fields.begin(), planned.fields.end(), fields.begin(), fields.end(),
                      std::back_inserter(missing));
  return missing;
}

} // namespace avp
