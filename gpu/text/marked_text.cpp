// Text of which it is marked what is data, so that special tokens count only outside of it.
#include "gpu/text/marked_text.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "gpu/text/white_space.hpp"

namespace avp {

marked_text::marked_text(std::string data) : text_(std::move(data)), data_{{0, text_.size()}} {}

marked_text::marked_text(std::string_view data) : marked_text(std::string(data)) {}

marked_text::marked_text(const char* data) : marked_text(std::string(data)) {}

marked_text marked_text::trusted(std::string text) {
  marked_text made;
  made.text_ = std::move(text);
  return made;
}

marked_text marked_text::substr(std::size_t begin, std::size_t count) const {
  auto part = trusted(text_.substr(begin, count));
  const auto end = begin + part.text_.size();
  for (auto at = std::ranges::lower_bound(data_, begin, {}, &text_range::end); at != data_.end() && at->begin <= end;
       ++at)
    part.data_.push_back({std::max(at->begin, begin) - begin, std::min(at->end, end) - begin});
  return part;
}

marked_text marked_text::trimmed() const {
  const auto kept = stripped(text_);
  return substr(static_cast<std::size_t>(kept.data() - text_.data()), kept.size());
}

marked_text& marked_text::operator+=(const marked_text& other) {
  const auto shift = text_.size();
  text_ += other.text_;
  for (std::size_t i = 0, added = other.data_.size(); i < added; ++i) { // by index: `other` may be this text
    const auto [begin, end] = other.data_[i];
    if (!data_.empty() && data_.back().end == begin + shift)
      data_.back().end = end + shift;
    else
      data_.push_back({begin + shift, end + shift});
  }
  return *this;
}

} // namespace avp
