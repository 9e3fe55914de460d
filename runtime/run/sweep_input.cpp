// Other problems in front of a problem.
#include "runtime/run/sweep_input.hpp"

#include <fstream>
#include <stdexcept>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/open_model.hpp"

namespace avp {
namespace {

constexpr auto between = "\n\n";

vocabulary vocabulary_of(const pipeline& p) {
  const auto* model = p.model(p.agent(p.output).model);
  if (model == nullptr)
    throw std::runtime_error("a sweep over prompt_tokens counts tokens of the answering agent's model, and \"" +
                             p.output + "\" has none");
  return open_model(resolve_model(model->source)).vocabulary;
}

} // namespace

sweep_input::sweep_input(const pipeline& p) : field_(p.sweep->field), tokenizer_(vocabulary_of(p)) {
  std::ifstream file(*p.input.file);
  record_reader reader(file, p.input.id);
  while (auto item = reader.next()) {
    const auto* one = std::get_if<record>(&*item);
    if (one == nullptr || !one->fields.contains(field_) || !one->fields[field_].is_string())
      continue;
    place_of_[one->id] = texts_.size();
    texts_.push_back(one->fields[field_].get<std::string>());
  }
  if (texts_.size() < 2)
    throw std::runtime_error("a sweep over prompt_tokens fills a problem up with other ones, and '" +
                             p.input.file->string() + "' has no two records with a text \"" + field_ + "\"");
}

record sweep_input::filled(record one, std::int64_t tokens) const {
  if (!place_of_.contains(one.id))
    return one;
  auto& text = one.fields[field_];
  const auto own = tokenizer_.encode(text.get<std::string>()).size();
  if (own < static_cast<std::size_t>(tokens))
    text = filling(one.id, static_cast<std::size_t>(tokens) - own) + text.get<std::string>();
  return one;
}

// A longer filling ends as a shorter one does.
std::string sweep_input::filling(const std::string& id, std::size_t tokens) const {
  const auto own = place_of_.at(id);
  std::string text;
  std::size_t least = 0; // tokens that are in it for sure
  for (auto next = (own + 1) % texts_.size(); least < tokens; next = (next + 1) % texts_.size()) {
    if (next == own)
      continue;
    least += tokenizer_.encode(texts_[next]).size() + 1;
    text = texts_[next] + between + text;
  }
  const auto ids = tokenizer_.encode(text);
  if (ids.size() <= tokens)
    return text;
  text = tokenizer_.decode(std::span(ids).last(tokens));
  const auto gap = text.find_first_of(" \n"); // the first word may be cut
  const auto word = text.find_first_not_of(" \n", gap);
  return gap == std::string::npos || word == std::string::npos ? std::string() : text.substr(word);
}

} // namespace avp
