{{bucket}}(time) >= {{bucket}}(toDateTime({{from}}, 'UTC')) AND {{bucket}}(time) <= {{bucket}}(toDateTime({{to}}, 'UTC'))
    AND time >= toDateTime({{from}}, 'UTC') AND time < toDateTime({{to}}, 'UTC')
