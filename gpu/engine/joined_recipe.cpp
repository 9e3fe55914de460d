// The recipe of a join: order of its contexts, what of them is cut, the beginning that is kept once.
#include "gpu/engine/joined_recipe.hpp"

#include <algorithm>
#include <string>

#include "gpu/device_error.hpp"

namespace avp {

namespace {

using recipes = std::vector<std::shared_ptr<const recipe>>;

request_error join_refusal(const std::string& why) {
  return {error_code::bad_request, "contexts can't be joined: " + why};
}

// An order that depends on what the contexts are, not on arrival; arXiv 2607.01308 asks for the same and takes the
// keys.
void make_canonical(recipes& contexts) {
  const auto id = [](const auto& context) { return context->id(); };
  std::ranges::sort(contexts, {}, id);
  const auto doubled = std::ranges::unique(contexts, {}, id);
  contexts.erase(doubled.begin(), doubled.end());
}

std::vector<position_range> kept_of(const join& how, const std::shared_ptr<const recipe>& context,
                                    recipe_layouts& layouts) {
  const auto length = context->tokens();
  if (how.keep == keep::all)
    return {{0, length}};
  if (how.hop_begins < 0 || how.hop_begins > length)
    throw join_refusal("the last hop is said to begin at position " + std::to_string(how.hop_begins) +
                       ", and one has " + std::to_string(length) + " positions");
  const position_range hop{how.hop_begins, length};
  if (how.keep == keep::last_agent)
    return {hop};
  if (layouts.holds_imported(context, hop))
    throw join_refusal("keep = \"" + std::string(name_of(how.keep)) +
                       "\" needs to know which positions of the last hop were thought and which were written, and a "
                       "context that came as bytes does not tell; use \"last_agent\"");
  return layouts.of_kind(how.keep == keep::note ? position_kind::decode : position_kind::latent, context, hop);
}

std::int64_t common_length_of_all(const recipes& contexts, recipe_layouts& layouts) {
  auto length = contexts.front()->tokens();
  for (const auto& context : contexts)
    length = std::min(length, common_length(layouts.of(contexts.front()), layouts.of(context)));
  return length;
}

// Spans one after another. `common` positions are the same in all contexts.
class span_list {
public:
  explicit span_list(std::int64_t common) : common_(common) {}

  void add(std::size_t parent, position_range range) {
    if (parent > 0) // the first one's are there
      range.first = std::max(range.first, common_);
    if (range.first >= range.second)
      return;
    const bool goes_on = !spans_.empty() && spans_.back().parent == parent && spans_.back().end == range.first;
    const bool is_own_beginning = spans_.size() == 1 && spans_.front().begin == 0 && length_ <= common_ &&
                                  range.first == length_; // all before is this one's as well
    if (goes_on)
      spans_.back().end = range.second;
    else if (is_own_beginning)
      spans_.front() = {parent, 0, range.second};
    else
      spans_.push_back({parent, range.first, range.second});
    length_ += range.second - range.first;
  }

  [[nodiscard]] const std::vector<context_span>& spans() const { return spans_; }

private:
  std::int64_t common_;
  std::int64_t length_ = 0;
  std::vector<context_span> spans_;
};

// Only contexts of which something is kept are parents.
recipe recipe_of(const std::vector<context_span>& spans, const recipes& contexts) {
  recipe made;
  made.weights_digest = contexts.front()->weights_digest;
  made.numerics = contexts.front()->numerics;
  std::size_t last = contexts.size(); // none
  for (const auto& span : spans) {
    if (span.parent != last)
      made.parents.push_back(contexts[span.parent]);
    last = span.parent;
    made.spans.push_back({made.parents.size() - 1, span.begin, span.end});
  }
  return made;
}

} // namespace

std::shared_ptr<const recipe> joined_recipe(const join& how, recipes contexts, recipe_layouts& layouts) {
  if (contexts.empty())
    throw join_refusal("there are none");
  if (how.merge == merge::canonical)
    make_canonical(contexts);
  span_list kept(common_length_of_all(contexts, layouts));
  for (std::size_t i = 0; i < contexts.size(); ++i)
    for (const auto& range : kept_of(how, contexts[i], layouts))
      kept.add(i, range);
  const auto& spans = kept.spans();
  if (spans.empty())
    throw join_refusal("nothing of them is kept; with keep = \"latent_only\" the last hop needs latent steps, with "
                       "\"note\" tokens that it wrote");
  const auto& first = spans.front();
  if (spans.size() == 1 && first.begin == 0 && first.end == contexts[first.parent]->tokens())
    return contexts[first.parent];
  auto made = recipe_of(spans, contexts);
  made.rotated = how.rotate;
  return recipe::frozen(std::move(made));
}

} // namespace avp
