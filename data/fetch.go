package data

const partSuffix = ".part"
