// Finding the parts of a split model, and whether they belong together.
#include "gpu/model/gguf_parts.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

#include "gpu/model/model_error.hpp"
#include "gpu/text/json_file.hpp"
#include "transport/ascii.hpp"

namespace avp {

namespace {

constexpr std::int64_t most_parts = 99999; // five digits

// How the name of a part ends; they count from 1.
std::string ending(std::int64_t number, std::int64_t count) {
  char text[40];
  std::snprintf(text, sizeof text, "-%05d-of-%05d.gguf", static_cast<int>(number + 1), static_cast<int>(count));
  return text;
}

std::string part_text(std::int64_t number, std::int64_t count) {
  return "part " + std::to_string(number + 1) + " of a model in " + std::to_string(count) + " files";
}

// What names the other parts too.
std::filesystem::path stem_of(const std::filesystem::path& path, std::int64_t number, std::int64_t count) {
  auto name = path.string();
  const auto end = ending(number, count);
  if (!name.ends_with(end))
    throw model_error(name + ": is " + part_text(number, count) + ", but its name does not end with \"" + end +
                      "\", so the others can't be found; give the parts the names back that they had, in one folder");
  name.resize(name.size() - end.size());
  return name;
}

bool same(const gguf_value& a, const gguf_value& b) {
  return a.type == b.type && a.element == b.element && std::ranges::equal(a.data, b.data);
}

} // namespace

std::vector<std::string> names_of_parts(const std::string& name) {
  const auto shape = ending(0, 1); // each digit may be another one
  if (name.size() < shape.size())
    return {name};
  const auto end = std::string_view(name).substr(name.size() - shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (is_digit(shape[i]) ? !is_digit(end[i]) : shape[i] != end[i])
      return {name};
  const auto stem = name.substr(0, name.size() - shape.size());
  const auto count = std::stoll(std::string(end.substr(end.find("-of-") + 4)));
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i)
    names.push_back(stem + ending(i, count));
  return names;
}

gguf_parts::gguf_parts(const std::filesystem::path& path) {
  gguf_file one(std::make_shared<const mapped_file>(path));
  const auto count = one.integer("split.count").value_or(1);
  const auto number = one.integer("split.no").value_or(0);
  if (count < 0 || count > most_parts || number < 0 || number >= std::max<std::int64_t>(count, 1))
    throw model_error(one.where() + ": damaged GGUF file: split.no is " + std::to_string(number) +
                      " and split.count is " + std::to_string(count));
  if (count > 1)
    open_all(std::move(one), number, count);
  else
    files_.push_back(std::move(one));
  for (const auto& file : files_)
    take_tensors(file);
  const auto total = static_cast<std::int64_t>(tensors_.size() + unreadable_.size());
  if (const auto expected = first().integer("split.tensors.count"); count > 1 && expected.value_or(total) != total)
    throw model_error(first().where() + ": its " + std::to_string(count) + " parts have " + std::to_string(total) +
                      " tensors together, and split.tensors.count says " + std::to_string(*expected) +
                      ": they are not all of one model; fetch them again");
}

void gguf_parts::open_all(gguf_file one, std::int64_t number, std::int64_t count) {
  const auto stem = stem_of(one.file()->path(), number, count).string();
  std::string missing;
  for (std::int64_t i = 0; i < count; ++i)
    if (const std::filesystem::path path = stem + ending(i, count); !is_there(path))
      missing += (missing.empty() ? "" : ", ") + path.filename().string();
  if (!missing.empty())
    throw model_error(one.where() + ": is " + part_text(number, count) +
                      ", and these are missing beside it: " + missing + "; fetch them into the same folder");
  for (std::int64_t i = 0; i < count; ++i) {
    files_.push_back(i == number ? one : gguf_file(std::make_shared<const mapped_file>(stem + ending(i, count))));
    check_part(files_.back(), i);
  }
}

// Later parts repeat little of the metadata, but what they do say must be what the first one says.
void gguf_parts::check_part(const gguf_file& part, std::int64_t number) const {
  const auto count = first().integer("split.count").value_or(1);
  const auto refuse = [&](const std::string& why) {
    throw model_error(part.where() + ": is not " + part_text(number, count) + " like " +
                      first().file()->path().filename().string() + ": " + why + "; fetch the parts again");
  };
  if (const auto its = part.integer("split.no").value_or(-1); its != number)
    refuse("its split.no is " + std::to_string(its) + ", expected " + std::to_string(number));
  for (const auto& [key, value] : part.metadata()) {
    const auto ours = first().metadata().find(key);
    if (key != "split.no" && key != "general.alignment" && ours != first().metadata().end() &&
        !same(ours->second, value))
      refuse("its metadata \"" + key + "\" is another");
  }
}

void gguf_parts::take_tensors(const gguf_file& from) {
  const auto refuse_second = [&](const std::string& name) {
    if (tensors_.contains(name) || unreadable_.contains(name))
      throw model_error(from.where() + ": tensor \"" + name +
                        "\" is in another part too: they are not of one model; fetch them again");
  };
  for (const auto& [name, tensor] : from.tensors()) {
    refuse_second(name);
    tensors_.emplace(name, tensor);
  }
  for (const auto& [name, tensor] : from.unreadable()) {
    refuse_second(name);
    unreadable_.emplace(name, tensor);
  }
}

std::vector<std::shared_ptr<const mapped_file>> gguf_parts::mapped() const {
  std::vector<std::shared_ptr<const mapped_file>> files;
  for (const auto& file : files_)
    files.push_back(file.file());
  return files;
}

} // namespace avp
