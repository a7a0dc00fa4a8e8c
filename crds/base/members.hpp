// The members of a JSON object in the order they were added, as nlohmann::basic_json wants to have
// them. nlohmann::ordered_map gives every pair a const key, so that a growing object cannot move
// its members: it copies all that is below them, again and again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

namespace slipway {

// Compare and Allocator are basic_json's to give; neither is used.
template <class Key, class T, class Compare = std::less<>, class Allocator = void>
class Members : public std::vector<std::pair<Key, T>> {
 public:
  using Container = std::vector<std::pair<Key, T>>;
  using key_type = Key;
  using mapped_type = T;
  using key_compare = std::equal_to<>;
  using typename Container::const_iterator;
  using typename Container::iterator;
  using typename Container::size_type;
  using typename Container::value_type;

  using Container::Container;
  using Container::erase;
  using Container::insert;

  // Objects have few members, so that looking at all of them is quicker than a search tree.
  template <class Name>
  iterator find(const Name& name) {
    return std::find_if(this->begin(), this->end(),
                        [&](const value_type& member) { return member.first == name; });
  }
  template <class Name>
  const_iterator find(const Name& name) const {
    return std::find_if(this->begin(), this->end(),
                        [&](const value_type& member) { return member.first == name; });
  }
  template <class Name>
  size_type count(const Name& name) const {
    return find(name) == this->end() ? 0 : 1;
  }

  // Keeps the member of that name where there is one.
  template <class Name, class... Value>
  std::pair<iterator, bool> emplace(Name&& name, Value&&... value) {
    const iterator held = find(name);
    if (held != this->end()) return {held, false};
    if (this->size() == this->capacity()) this->reserve(std::max<size_type>(4, 2 * this->size()));
    this->emplace_back(std::piecewise_construct, std::forward_as_tuple(std::forward<Name>(name)),
                       std::forward_as_tuple(std::forward<Value>(value)...));
    return {std::prev(this->end()), true};
  }
  std::pair<iterator, bool> insert(const value_type& member) {
    return emplace(member.first, member.second);
  }
  template <class Iterator>
  void insert(Iterator first, Iterator last) {
    for (; first != last; ++first) emplace(first->first, first->second);
  }
  template <class Name>
  T& operator[](Name&& name) {
    return emplace(std::forward<Name>(name), T{}).first->second;
  }
  size_type erase(const Key& name) {
    const iterator held = find(name);
    if (held == this->end()) return 0;
    this->erase(held);
    return 1;
  }
};

}  // namespace slipway
