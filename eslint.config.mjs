// What the linter holds the code to: the rules of the house that a program can check.
import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  {
    ignores: [
      "node_modules",
      "dist",
      "build",
      "prebuilds",
      "runs",
      ".gpu-pack",
      "docs/api-reference",
      "**/*.generated.ts",
      "**/.venv",
    ],
  },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.mts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/require-await": "off",
      // An interface that merges generated members into a class of the same name is empty by nature.
      "@typescript-eslint/no-empty-object-type": ["error", { allowInterfaces: "with-single-extends" }],
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "Named exports only." },
        { selector: "TSEnumDeclaration", message: "Use a union of strings." },
      ],
      eqeqeq: ["error", "always", { null: "ignore" }],
      curly: ["error", "multi-line"],
    },
  },
  {
    // Compiled, all of lib is in few files: a source's own place says nothing there.
    files: ["lib/**/*.ts"],
    ignores: ["lib/native/package-root.ts"],
    rules: {
      "no-restricted-globals": [
        "error",
        { name: "__dirname", message: "Use ownPackage.root of lib/native/package-root.ts." },
      ],
    },
  },
  {
    // chai's assertions are expressions.
    files: ["test/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unused-expressions": "off",
      "@typescript-eslint/unbound-method": "off",
      "no-control-regex": "off",
    },
  },
  {
    // Runs the documentation's own programs.
    files: ["test/docs.test.ts"],
    rules: { "@typescript-eslint/no-require-imports": "off", "@typescript-eslint/no-implied-eval": "off" },
  },
  {
    // Configuration files are read by tools that ask for a default export.
    files: ["**/*.mjs", "**/*.js"],
    languageOptions: {
      sourceType: "module",
      globals: {
        process: "readonly",
        console: "readonly",
        require: "readonly",
        module: "readonly",
        __dirname: "readonly",
      },
    },
  },
  { files: ["**/*.js"], languageOptions: { sourceType: "commonjs" } },
);
