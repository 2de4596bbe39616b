module capstan.dev/test-interop/opinion

go 1.26.0
