module capstan.dev/bench

go 1.26
