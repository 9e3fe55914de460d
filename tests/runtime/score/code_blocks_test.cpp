// Fences in all the ways that CommonMark has them and models write them.
#include <gtest/gtest.h>

#include "runtime/score/code_blocks.hpp"

namespace avp {

static void PrintTo(const code_block& block, std::ostream* out) { *out << block.language << ": " << block.text; }

namespace {

using blocks = std::vector<code_block>;

TEST(code_blocks, of_backticks_and_tildes) {
  EXPECT_EQ(code_blocks("Here:\n```python\nx\n\n y\n```\nthere\n"), (blocks{{"python", "x\n\n y\n"}}));
  EXPECT_EQ(code_blocks("~~~ python\nx\n~~~\n"), (blocks{{"python", "x\n"}}));
  EXPECT_EQ(code_blocks("```\nx\n```\n~~~\ny\n~~~"), (blocks{{"", "x\n"}, {"", "y\n"}}));
  EXPECT_EQ(code_blocks("~~~ a `tick` and ~~~\nx\n~~~"), (blocks{{"a", "x\n"}}));
  EXPECT_EQ(code_blocks("``\nx\n``"), blocks());
  EXPECT_EQ(code_blocks("```x``` is code\nof a line"), blocks());
  EXPECT_EQ(code_blocks("```\n```"), (blocks{{"", ""}}));
  EXPECT_EQ(code_blocks(""), blocks());
}

TEST(code_blocks, end_with_a_fence_as_long_of_the_same_sign) {
  EXPECT_EQ(code_blocks("````md\n```python\nx\n```\n````\n"), (blocks{{"md", "```python\nx\n```\n"}}));
  EXPECT_EQ(code_blocks("```\nx\n`````\ny"), (blocks{{"", "x\n"}}));
  EXPECT_EQ(code_blocks("```\n~~~\n``\n``` x\n```"), (blocks{{"", "~~~\n``\n``` x\n"}}));
  EXPECT_EQ(code_blocks("```\nx\n   ```  \ny"), (blocks{{"", "x\n"}}));
  EXPECT_EQ(code_blocks("```\nx\n    ```\ny\n```"), (blocks{{"", "x\n    ```\ny\n"}}));
}

TEST(code_blocks, that_are_not_closed_end_with_the_text) {
  EXPECT_EQ(code_blocks("```python\nx\n  y"), (blocks{{"python", "x\n  y\n"}}));
  EXPECT_EQ(code_blocks("```"), (blocks{{"", ""}}));
}

TEST(code_blocks, lose_the_indent_of_their_fence) {
  EXPECT_EQ(code_blocks("  ```py\n  x\n    y\n z\n  ```"), (blocks{{"py", "x\n  y\nz\n"}}));
  EXPECT_EQ(code_blocks("1. So:\n\n   ```python\n   x\n     y\n   ```\n"), (blocks{{"python", "x\n  y\n"}}));
  EXPECT_EQ(code_blocks("- ```python\n  x\n  ```\n- ```\n  y\n  ```"), (blocks{{"python", "x\n"}, {"", "y\n"}}));
  EXPECT_EQ(code_blocks("10) ~~~python\n    x\n    ~~~"), (blocks{{"python", "x\n"}}));
  EXPECT_EQ(code_blocks("      ```python\n      x\n      ```"), (blocks{{"python", "x\n"}}));
  EXPECT_EQ(code_blocks("\t```python\n\tx\n\t\ty\n\t```"), (blocks{{"python", "x\n\ty\n"}}));
  EXPECT_EQ(code_blocks("  ```\n\tx\n  ```"), (blocks{{"", "  x\n"}}));
}

TEST(code_blocks, of_quotes) {
  EXPECT_EQ(code_blocks("> ```python\n> x\n>  y\n> ```\n"), (blocks{{"python", "x\n y\n"}}));
  EXPECT_EQ(code_blocks("> ```\n> x\nno quote\n```\ny\n```"), (blocks{{"", "x\n"}, {"", "y\n"}}));
}

TEST(code_blocks, with_any_line_ends) {
  EXPECT_EQ(code_blocks("```python\r\nx\r\n\r\ny\r\n```\r\n"), (blocks{{"python", "x\n\ny\n"}}));
  EXPECT_EQ(code_blocks("```python\rx\r```\r"), (blocks{{"python", "x\n"}}));
}

TEST(code_blocks, name_their_language) {
  for (const std::string info :
       {"python", "Python", " python ", "python3", "py", "py3", "python3.11", "python title=\"x\"", "{.python}",
        "{.python .numberLines}", "{python}", "python:main.py", "python{1,3}", "Python,linenos", "ipython", "ipython3",
        "solution.py"})
    EXPECT_TRUE(is_python(code_blocks("```" + info + "\nx\n```").at(0))) << info;
  for (const std::string info : {"", "pycon", "python-repl", "text", "output", "pypy", "cython", "bash", "javascript"})
    EXPECT_FALSE(is_python(code_blocks("```" + info + "\nx\n```").at(0))) << info;
}

TEST(code_blocks, fences_that_share_a_line_count_where_there_is_no_other_way) {
  EXPECT_EQ(code_blocks("Sure: ```python\nx\n```"), (blocks{{"python", "x\n"}}));
  EXPECT_EQ(code_blocks("I use ``` and\nx"), blocks());
  EXPECT_EQ(code_blocks("```python\nx = 1```\nThat is all."), (blocks{{"python", "x = 1\n"}}));
  EXPECT_EQ(code_blocks("```python\nx = '''a ```b```\n'''\n```\n"), (blocks{{"python", "x = '''a ```b```\n'''\n"}}));
}

} // namespace
} // namespace avp
